"use strict";
// Filtering and walking with the keyboard; without this script the page shows everything.
(() => {
  const findings = [...document.querySelectorAll("details.finding")];
  const files = [...document.querySelectorAll("section.file")];
  const field = document.getElementById("filter");
  const shown = document.getElementById("shown");
  if (!field) return;
  document.getElementById("controls").hidden = false;
  const texts = findings.map((finding) => finding.textContent.toLowerCase());
  const keys = {
    code: (finding, value) => finding.dataset.code.toLowerCase().startsWith(value),
    sev: (finding, value) => finding.dataset.severity.startsWith(value),
    path: (finding, value) => finding.dataset.path.toLowerCase().startsWith(value),
    state: (finding, value) => finding.dataset.state.startsWith(value),
  };
  let current = -1;

  const test = (word) => {
    const negated = word.startsWith("-") && word.length > 1;
    const bare = negated ? word.slice(1) : word;
    const at = bare.indexOf(":");
    const key = at > 0 ? keys[bare.slice(0, at)] : undefined;
    const value = bare.slice(at + 1).toLowerCase();
    const matches = key
      ? (index) => value.split(",").some((one) => key(findings[index], one))
      : (index) => texts[index].includes(bare.toLowerCase());
    return negated ? (index) => !matches(index) : matches;
  };

  const apply = () => {
    const tests = field.value.split(/\s+/).filter(Boolean).map(test);
    let count = 0;
    findings.forEach((finding, index) => {
      finding.hidden = !tests.every((matches) => matches(index));
      count += finding.hidden ? 0 : 1;
    });
    files.forEach((file) => { file.hidden = !file.querySelector("details.finding:not([hidden])"); });
    shown.textContent = `${count} of ${findings.length} shown`;
    for (const cell of document.querySelectorAll("button[data-filter]")) {
      cell.setAttribute("aria-pressed", String(cell.dataset.filter === field.value));
    }
    const linked = location.hash.startsWith("#q=") || field.value;
    if (linked) history.replaceState(null, "", field.value ? `#q=${encodeURIComponent(field.value)}` : location.pathname);
  };

  const walk = (step) => {
    const visible = findings.filter((finding) => !finding.hidden);
    if (!visible.length) return;
    const at = visible.indexOf(findings[current]);
    const next = visible[Math.min(Math.max(at + step, 0), visible.length - 1)];
    current = findings.indexOf(next);
    next.open = true;
    next.querySelector("summary").focus();
    next.scrollIntoView({ block: "center" });
  };

  const follow = (hash) => {
    const target = hash.startsWith("#finding-") || hash.startsWith("#run-") ? document.getElementById(hash.slice(1)) : null;
    if (!target) return;
    if (target.hidden) { field.value = ""; apply(); }
    target.open = true;
    target.scrollIntoView({ block: target.offsetHeight > innerHeight / 2 ? "start" : "center" });
    target.querySelector("summary").focus({ preventScroll: true });
  };

  field.addEventListener("input", apply);
  window.addEventListener("hashchange", () => follow(location.hash));
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("button[data-filter]");
    if (!cell) return;
    field.value = field.value === cell.dataset.filter ? "" : cell.dataset.filter;
    apply();
  });
  document.getElementById("toggle").addEventListener("click", () => {
    const open = findings.some((finding) => !finding.hidden && !finding.open);
    findings.forEach((finding) => { if (!finding.hidden) finding.open = open; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.target === field) {
      if (event.key === "Escape") { field.value = ""; apply(); field.blur(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); field.focus(); }
    if (event.key === "j" || event.key === "n") walk(1);
    if (event.key === "k" || event.key === "p") walk(-1);
  });
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
  if (location.hash.startsWith("#q=")) field.value = decodeURIComponent(location.hash.slice(3));
  apply();
  follow(location.hash);
})();
