"use strict";
(() => {
  const rows = new Map(JSON.parse(document.getElementById("ledger").textContent).map(row => [row.key, row]));
  const story = document.getElementById("story"), body = document.getElementById("story-body");
  let opener = null;
  const make = (tag, text, parent) => { const node = document.createElement(tag); node.textContent = text; parent.append(node); return node; };
  const show = key => {
    const row = rows.get(key);
    body.replaceChildren();
    if (!row) { make("p", "No derivation is kept for " + key + ".", body); story.hidden = false; return; }
    make("h4", row.key, body);
    make("p", row.text, body);
    if (row.formula) make("p", "Formula: " + row.formula, body);
    if (row.source) make("p", "Source: " + row.source, body);
    if (row.grade) make("p", "Grade " + row.grade, body);
    if (row.note) make("p", row.note, body);
    for (const other of row.passed_over || []) make("p", "Passed over: " + other, body);
    if ((row.inputs || []).length) {
      make("p", "From:", body);
      const list = make("ul", "", body);
      for (const name of row.inputs) {
        const item = make("li", "", list), link = make("button", name, item);
        link.type = "button"; link.className = "link";
        link.addEventListener("click", () => { show(name); story.scrollTop = 0; });
        const input = rows.get(name);
        if (input) item.append(" = " + input.text);
      }
    }
    story.hidden = false;
  };
  const close = () => { story.hidden = true; if (opener) opener.focus(); };
  const open = (event, key) => { opener = event.currentTarget; show(key); };
  for (const node of document.querySelectorAll("[data-key]")) {
    node.addEventListener("click", event => open(event, node.dataset.key));
    node.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(event, node.dataset.key); } });
  }
  document.getElementById("story-close").addEventListener("click", close);
  document.addEventListener("keydown", event => { if (event.key === "Escape" && !story.hidden) close(); });
  const quote = text => { const safe = /^[=+@\t\r]/.test(text) || /^-\D/.test(text) ? "'" + text : text; return /[",\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe; };
  for (const button of document.querySelectorAll(".export")) button.addEventListener("click", () => {
    const table = document.getElementById(button.dataset.table);
    const lines = [...table.rows].map(row => [...row.cells].map(cell => { const copy = cell.cloneNode(true); copy.querySelectorAll(".mark").forEach(mark => mark.remove()); return quote(copy.textContent.trim()); }).join(","));
    const link = document.createElement("a");
    link.href = "data:text/csv;charset=utf-8," + encodeURIComponent("\ufeff" + lines.join("\n") + "\n");
    link.download = button.dataset.table + ".csv";
    document.body.append(link); link.click(); link.remove();
  });
})();
