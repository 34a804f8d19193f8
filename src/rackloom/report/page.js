"use strict";
(() => {
  const rows = new Map(JSON.parse(document.getElementById("ledger").textContent).map(row => [row.key, row]));
  const story = document.getElementById("story"), body = document.getElementById("story-body"), back = document.getElementById("story-back");
  let opener = null, trail = [];
  const make = (tag, text, parent) => { const node = document.createElement(tag); node.textContent = text; parent.append(node); return node; };
  // The weakest grade under a computed figure: the letters stand in order.
  const weakest = key => {
    let worst = "";
    const seen = new Set(), stack = [key];
    while (stack.length) {
      const name = stack.pop(), row = rows.get(name);
      if (!row || seen.has(name)) continue;
      seen.add(name);
      if (row.grade && row.grade > worst) worst = row.grade;
      stack.push(...(row.inputs || []));
    }
    return worst;
  };
  const facts = row => {
    const list = make("dl", "", body);
    const fact = (name, text) => { if (text) { make("dt", name, list); make("dd", text, list); } };
    fact("Formula", row.formula);
    fact("Source", row.source);
    fact("Grade", row.grade);
    const [letter, words] = row.formula ? weakest(row.key).split(": ") : [];
    if (letter) fact("Rests on", "grade " + letter + " at the weakest: " + words);
    fact("Note", row.note);
    for (const other of row.passed_over || []) fact("Passed over", other);
  };
  const render = key => {
    const row = rows.get(key);
    body.replaceChildren();
    back.hidden = trail.length < 2;
    if (!row) make("p", "No derivation is kept for " + key + ".", body);
    else {
      make("h4", row.key, body);
      make("p", row.text, body).className = "figure";
      facts(row);
      if ((row.inputs || []).length) {
        make("p", "From", body);
        const list = make("ul", "", body);
        for (const name of row.inputs) {
          const item = make("li", "", list), link = make("button", name, item), input = rows.get(name);
          link.type = "button"; link.className = "link";
          link.addEventListener("click", () => show(name));
          if (input) item.append(" = " + input.text);
        }
      }
    }
    story.hidden = false; story.scrollTop = 0; story.focus({preventScroll: true});
  };
  const show = key => { trail.push(key); render(key); };
  const close = () => { story.hidden = true; trail = []; if (opener) opener.focus(); };
  const open = (event, key) => { opener = event.currentTarget; trail = []; show(key); };
  for (const node of document.querySelectorAll("[data-key]")) {
    node.addEventListener("click", event => open(event, node.dataset.key));
    node.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(event, node.dataset.key); } });
  }
  back.addEventListener("click", () => { trail.pop(); render(trail[trail.length - 1]); });
  document.getElementById("story-close").addEventListener("click", close);
  document.addEventListener("keydown", event => { if (event.key === "Escape" && !story.hidden) close(); });
  document.addEventListener("pointerdown", event => {
    if (!story.hidden && !event.target.closest("#story, [data-key]")) { opener = null; close(); }
  });
  const quote = text => { const safe = /^[=+@\t\r]/.test(text) || /^-\D/.test(text) ? "'" + text : text; return /[",\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe; };
  const words = cell => { const copy = cell.cloneNode(true); copy.querySelectorAll(".mark").forEach(mark => mark.remove()); return copy.textContent.replaceAll("\u00a0", " ").trimEnd(); };
  for (const button of document.querySelectorAll(".export")) button.addEventListener("click", () => {
    const table = document.getElementById("table-" + button.dataset.table);
    let grid = [...table.rows].map(row => [...row.cells].map(words));
    // A table that is turned for the eye is exported one line a generation, like the file beside the report.
    if ("turned" in table.dataset) grid = grid[0].map((_, column) => grid.map(row => row[column]));
    const link = document.createElement("a");
    link.href = "data:text/csv;charset=utf-8," + encodeURIComponent("\ufeff" + grid.map(row => row.map(quote).join(",")).join("\n") + "\n");
    link.download = button.dataset.table + ".csv";
    document.body.append(link); link.click(); link.remove();
  });
  let closed = [];
  addEventListener("beforeprint", () => { closed = [...document.querySelectorAll("details:not([open])")]; closed.forEach(node => { node.open = true; }); });
  addEventListener("afterprint", () => { closed.forEach(node => { node.open = false; }); });
})();
