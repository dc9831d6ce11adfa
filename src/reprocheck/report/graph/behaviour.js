"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svg = document.getElementById("graph");
  const view = document.getElementById("view");
  const panel = document.getElementById("panel");
  const nodes = [...svg.querySelectorAll("g.node")];
  const arrows = [...svg.querySelectorAll("path.arrow")];
  const next = data.nodes.map(() => []), back = data.nodes.map(() => []);
  arrows.forEach((path, index) => {
    const from = +path.dataset.from, to = +path.dataset.to;
    next[from].push([to, index]);
    back[to].push([from, index]);
    if (path.classList.contains("both")) { next[to].push([from, index]); back[from].push([to, index]); }
  });

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const reach = (start, steps) => {
    const seen = new Set([start]), lines = new Set(), stack = [start];
    while (stack.length) {
      for (const [other, line] of steps[stack.pop()]) {
        lines.add(line);
        if (!seen.has(other)) { seen.add(other); stack.push(other); }
      }
    }
    return [seen, lines];
  };

  const places = (index) => {
    const list = element("ul");
    for (const use of data.arrows[index].uses) {
      const item = element("li");
      item.append(element("span", use.writes ? "writes" : "reads", use.writes ? "tag writes" : "tag reads"));
      item.append(element("code", `${use.path}:${use.line}`));
      if (use.code) item.append(element("pre", use.code));
      if (use.expression && !use.code.includes(use.expression)) item.append(element("div", use.expression, "dim path"));
      if (use.columns.length) item.append(element("div", `columns: ${use.columns.join(", ")}`, "dim"));
      list.append(item);
    }
    return list;
  };

  const describe = (number) => {
    const node = data.nodes[number];
    panel.replaceChildren(element("h2", node.name));
    const what = [node.kind, node.kept && `kept by ${node.kept}`, node.stages.length && `stage ${node.stages.join(", ")}`];
    panel.append(element("p", what.filter(Boolean).join(" · "), "dim"));
    for (const found of node.findings) panel.append(element("p", found, "finding"));
    if (node.stands_for.length) {
      panel.append(element("h3", `stands for ${node.stands_for.length}`));
      const list = element("ul");
      node.stands_for.slice(0, 60).forEach((name) => list.append(element("li", name)));
      panel.append(list);
    }
    arrows.forEach((path, index) => {
      const from = +path.dataset.from, to = +path.dataset.to;
      if ((from !== number && to !== number) || !data.arrows[index].uses.length) return;
      const other = from === number ? to : from;
      panel.append(element("h3", data.nodes[other].name));
      panel.append(places(index));
    });
    panel.hidden = false;
  };

  const clear = () => {
    svg.classList.remove("chosen");
    [...nodes, ...arrows].forEach((item) => item.classList.remove("on", "self"));
    panel.hidden = true;
  };

  const choose = (number) => {
    clear();
    const [after, afterLines] = reach(number, next), [before, beforeLines] = reach(number, back);
    nodes.forEach((item, index) => item.classList.toggle("on", after.has(index) || before.has(index)));
    arrows.forEach((item, index) => item.classList.toggle("on", afterLines.has(index) || beforeLines.has(index)));
    nodes[number].classList.add("self");
    svg.classList.add("chosen");
    describe(number);
  };

  nodes.forEach((item, number) => {
    item.addEventListener("click", (event) => { event.stopPropagation(); if (!moved) choose(number); });
    item.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(number); });
  });
  const tip = document.getElementById("tip");
  arrows.forEach((path, index) => {
    path.addEventListener("mousemove", (event) => {
      if (!data.arrows[index].uses.length) return;
      tip.replaceChildren(places(index));
      tip.hidden = false;
      tip.style.left = `${Math.min(event.clientX + 14, innerWidth - 430)}px`;
      tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 10)}px`;
    });
    path.addEventListener("mouseleave", () => { tip.hidden = true; });
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });

  // Moving and zooming
  const size = { width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height };
  let scale = 1, left = 0, top = 0, drag = null, moved = false;
  const show = () => { svg.style.transform = `translate(${left}px, ${top}px) scale(${scale})`; };
  const fit = () => {
    scale = Math.min(1.15, Math.max(0.35, Math.min(view.clientWidth / size.width, view.clientHeight / size.height)));
    left = Math.max(0, (view.clientWidth - size.width * scale) / 2);
    top = Math.max(0, (view.clientHeight - size.height * scale) / 2);
    show();
  };
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const before = scale;
    if (event.ctrlKey || event.metaKey || !event.shiftKey) {
      scale = Math.min(3, Math.max(0.1, scale * Math.exp(-event.deltaY / 600)));
      const box = view.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      left = x - (x - left) * scale / before;
      top = y - (y - top) * scale / before;
    } else left -= event.deltaY;
    show();
  }, { passive: false });
  view.addEventListener("pointerdown", (event) => { drag = [event.clientX - left, event.clientY - top]; moved = false; });
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    const x = event.clientX - drag[0], y = event.clientY - drag[1];
    if (Math.abs(x - left) + Math.abs(y - top) > 4) moved = true;
    left = x; top = y; show();
  });
  addEventListener("pointerup", () => { drag = null; });
  view.addEventListener("click", () => { if (!moved) clear(); });
  document.getElementById("fit").addEventListener("click", fit);

  const search = document.getElementById("search");
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().trim();
    nodes.forEach((item, number) => {
      const name = data.nodes[number].name.toLowerCase();
      item.classList.toggle("missed", words !== "" && !name.includes(words));
    });
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const found = nodes.findIndex((item) => search.value && !item.classList.contains("missed"));
    if (found >= 0) choose(found);
  });
  document.querySelectorAll("#legend input").forEach((box) => {
    box.addEventListener("change", () => svg.classList.toggle(`no-${box.value}`, !box.checked));
  });
  document.body.classList.add("live");
  fit();
})();
