#!/usr/bin/env bash
# The report's browser tests need Chromium; install Debian's when there is none and we may.
set -u
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && exit 0
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing chromium for the browser tests ..." >&2
  if apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null 2>&1; then
    exit 0
  fi
fi
echo "No Chromium found and it could not be installed: install it (Debian: apt-get install chromium) or set CHROMIUM=/path/to/it." >&2
echo "The browser tests will fail until then." >&2
exit 0
