"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const make = (tag, properties, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name === "class") element.className = value;
      else if (name in element) element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const svgNamespace = "http://www.w3.org/2000/svg";
  const draw = (parent, tag, attributes, text) => {
    const element = document.createElementNS(svgNamespace, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  const rowHeight = 22;
  const laneWidth = 150;
  const gutter = 80;
  const pageKinds = [["buddy", "free (buddy)"], ["pcp", "on a per-cpu list"], ["movable", "in use, movable"],
    ["unmovable", "in use by the kernel"], ["contig", "taken by alloc_contig_range()"],
    ["fake-offline", "fake-offline"], ["fake-offline-dirty", "fake-offline, never onlined"],
    ["init", "being onlined"], ["none", "not there"]];

  let run = null;      // the one that is shown
  let states = [];     // its states: before the first step, then after each
  let position = 0;    // 0: before the first step
  let rows = [];

  // ---- the head ----
  document.title = "vmemcheck: " + data.title;
  byId("title").textContent = data.title;
  byId("sentence").textContent = data.sentence || "";
  byId("about").textContent = data.about || "Configuration";
  for (const [name, value] of data.facts) {
    byId("facts").append(make("dt", {}, name), make("dd", {}, name === "again" ? make("code", {}, value) : value));
  }
  const theme = byId("theme");
  const dark = () => document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const showTheme = () => {
    theme.setAttribute("aria-pressed", String(dark()));
    theme.textContent = dark() ? "Light" : "Dark";
  };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    showTheme();
  });
  showTheme();

  // ---- verdicts of a check ----
  if (data.verdicts) {
    byId("verdicts").hidden = false;
    const body = byId("verdicts").querySelector("tbody");
    for (const verdict of data.verdicts) {
      const shown = make("td");
      if (verdict.run !== undefined) {
        const button = make("button", { type: "button" }, "show");
        button.setAttribute("aria-label", "show the run of " + verdict.property);
        button.addEventListener("click", () => choose(verdict.run));
        shown.append(button);
      } else if (verdict.missing) {
        shown.append(verdict.missing);
      }
      const row = make("tr", {}, make("th", { scope: "row" }, verdict.property),
        make("td", { class: verdict.bad ? "bad" : "good" }, verdict.verdict), make("td", {}, verdict.sentence), shown);
      row.dataset.run = verdict.run;
      body.append(row);
    }
  }

  // ---- a run ----
  const lane = (index) => gutter + laneWidth * (index + 0.5);

  function statesOf(of) {
    const all = [Object.assign({}, of.initial)];
    for (const step of of.steps) {
      const next = Object.assign({}, all[all.length - 1]);
      for (const [field, [, after]] of Object.entries(step.changes)) next[field] = after;
      all.push(next);
    }
    return all;
  }

  /// The arrows of a step: to whom it says what.
  function messages(step, after) {
    const said = [];
    const to = (name, text) => {
      const index = run.lanes.findIndex((l) => l.name === name);
      if (index >= 0 && index !== step.lane) said.push([index, text]);
    };
    const became = (field) => step.changes[field] ? String(step.changes[field][1]) : "";
    if (became("request") && became("request") !== "none") to("device", became("request"));
    if (became("response") && became("response") !== "none") to("worker", became("response"));
    if (became("config_interrupt") === "yes") to("config interrupt", "config change");
    if (became("wq.queued") === "yes") to("worker", "queue_work()");
    if (step.to) to(step.to, step.said || "");
    return said;
  }

  function drawChart() {
    const svg = byId("svg");
    svg.textContent = "";
    const width = gutter + laneWidth * run.lanes.length + 220;  // labels stand to the right of their lane
    const height = rowHeight * (run.steps.length + 1) + 14;
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    byId("lanes").style.width = width + "px";
    byId("lanes").textContent = "";
    const y = (step) => rowHeight * step + rowHeight / 2 + 2;
    run.lanes.forEach((l, i) => {
      draw(svg, "line", { class: "life", x1: lane(i), x2: lane(i), y1: 0, y2: height });
      byId("lanes").append(make("span", { class: l.kind, style: "left:" + lane(i) + "px" }, l.name));
    });
    run.locks.forEach((lock, n) => {
      for (let from = 0; from < states.length;) {
        const owner = states[from][lock];
        let end = from;
        while (end + 1 < states.length && states[end + 1][lock] === owner) ++end;
        const at = run.lanes.findIndex((l) => l.name === (run.owners[owner] || owner));
        if (owner && owner !== "none" && at >= 0) {
          const bar = draw(svg, "rect", { class: "lock lock-" + n, x: lane(at) - 20 + 6 * n, width: 5, rx: 2,
            y: y(from) - (from === 0 ? 0 : 7), height: Math.max(5, rowHeight * (end - from) + 14) });
          draw(bar, "title", {}, lock + " held by " + owner);
        }
        from = end + 1;
      }
    });
    rows = run.steps.map((step, i) => {
      const at = y(i + 1);
      const row = draw(svg, "g", { class: "row" + (step.local ? " local" : "") + (i + 1 === run.decided ? " bad" : "") });
      draw(row, "rect", { class: "band", x: 1, y: at - rowHeight / 2, width: width - 2, height: rowHeight, rx: 4 });
      draw(row, "text", { class: "number", x: gutter - 22, y: at + 4 }, String(i + 1));
      for (const [target, text] of messages(step, states[i + 1])) {
        const from = lane(step.lane), to = lane(target);
        const side = to > from ? -1 : 1;
        draw(row, "line", { class: "message", x1: from, x2: to + side * 7, y1: at + 7, y2: at + 7 });
        draw(row, "path", { class: "arrow", d: `M${to} ${at + 7} l${side * 8} -4 v8 z` });
        draw(row, "text", { class: "said", x: (from + to) / 2, y: at + 5 }, text);
      }
      draw(row, "circle", { class: "dot", cx: lane(step.lane), cy: at, r: 4.5 });
      const label = draw(row, "text", { x: lane(step.lane) + 9, y: at + 4 }, step.label);
      const faults = Object.entries(step.answers || {}).filter(([name]) => (step.faults || []).includes(name));
      if (faults.length) draw(label, "tspan", { class: "fault", dx: 6 }, "! " + faults.map(([n, v]) => n + "=" + v).join(", "));
      const noted = Object.entries(step.answers || {}).filter(([name]) => !(step.faults || []).includes(name));
      if (noted.length) draw(label, "tspan", { class: "said", dx: 6, style: "text-anchor:start" }, noted.map(([n, v]) => n + "=" + v).join(", "));
      row.addEventListener("click", () => go(i + 1));
      return row;
    });
    if (run.loop !== null) {
      const empty = run.loop === run.steps.length;
      const top = y(empty ? run.loop : run.loop + 1) - (empty ? -2 : 8), bottom = y(run.steps.length) + 8;
      if (empty) {
        draw(svg, "text", { class: "loop-text", x: gutter, y: bottom + 10 }, "nothing happens any more, for ever");
      } else {
        draw(svg, "path", { class: "loop", d: `M16 ${top} h-9 V${bottom} h9` });
        const text = draw(svg, "text", { class: "loop-text", x: 0, y: 0, transform: `translate(20 ${top + 13}) rotate(0)` }, "↻");
        draw(text, "title", {}, "steps " + (run.loop + 1) + " to " + run.steps.length + " again and again");
      }
    }
    const legend = byId("legend");
    legend.textContent = "";
    run.locks.forEach((lock, n) => legend.append(make("span", {}, make("i", { class: "lock-" + n }), lock + " held")));
    if (run.steps.some((s) => s.local)) legend.append(make("span", {}, "○ nobody can see it apart from the step before"));
    if (run.loop !== null) legend.append(make("span", {}, "↻ from here on, for ever"));
  }

  function drawMemory(before, now) {
    const strip = byId("strip");
    strip.textContent = "";
    byId("memory").hidden = !run.memory;
    if (!run.memory) return;
    const m = run.memory;
    const differs = (...fields) => fields.some((f) => before && before[f] !== now[f]);
    const mark = (element, ...fields) => { if (differs(...fields)) element.classList.add("changed"); return element; };
    const pagesOfBlock = m.pages, blocksOfMemoryBlock = m.sections * m.page_blocks;
    for (let b = 0; b < m.big_blocks; ++b) {
      const state = now[`bb[${b}].state`];
      const device = now[`bb[${b}].device`];
      const box = make("div", { class: "bb state-" + String(state).toLowerCase() },
        make("p", {}, "big block " + b + ": ", make("b", {}, String(state)),
          device === undefined ? "" : device === "yes" ? ", plugged in the device" : ", not plugged in the device"));
      mark(box, `bb[${b}].state`, `bb[${b}].device`);
      const mbs = make("div", { class: "mbs" });
      for (let i = b * m.memory_blocks; i < (b + 1) * m.memory_blocks; ++i) {
        const here = now[`mb[${i}].state`];
        if (here === undefined) continue;
        const block = make("div", { class: "mb" + (here === "absent" ? "" : " there") },
          make("p", {}, "memory block " + i + ": ", make("b", {}, here), here === "online" ? ", " + now[`mb[${i}].zone`] : ""));
        mark(block, `mb[${i}].state`, `mb[${i}].zone`);
        const blocks = make("div", { class: "blocks" });
        for (let k = i * blocksOfMemoryBlock; k < (i + 1) * blocksOfMemoryBlock; ++k) {
          const isolated = now[`isolated[${k}]`] === "yes";
          const group = make("div", { class: "block" + (isolated ? " isolated" : ""), title: "page block " + k + (isolated ? ": isolated" : "") });
          mark(group, `isolated[${k}]`);
          for (let p = k * pagesOfBlock; p < (k + 1) * pagesOfBlock; ++p) {
            const kind = now[`page[${p}].kind`], references = now[`page[${p}].refcount`], pin = now[`page[${p}].pin`];
            const cell = make("div", { class: "page " + kind + (pin && pin !== "none" ? " pinned" : "") },
              String(kind), make("small", {}, "refs " + references + (pin && pin !== "none" ? ", pin " + pin : "") + (isolated ? ", isolated" : "")));
            cell.setAttribute("aria-label", `page ${p}: ${kind}, ${references} references` + (isolated ? ", isolated" : ""));
            group.append(mark(cell, `page[${p}].kind`, `page[${p}].refcount`, `page[${p}].pin`));
          }
          blocks.append(group);
        }
        block.append(blocks);
        mbs.append(block);
      }
      box.append(mbs);
      strip.append(box);
    }
  }

  function drawStep() {
    const box = byId("step");
    box.textContent = "";
    if (position === 0) {
      box.append(make("h3", {}, "Before the first step"));
      return;
    }
    const step = run.steps[position - 1];
    box.append(make("h3", {}, position + ". " + run.lanes[step.lane].name + ": " + (step.function || step.name)));
    const answers = Object.entries(step.answers || {});
    box.append(make("p", {}, step.name, ...answers.map(([n, v]) =>
      make("span", { class: (step.faults || []).includes(n) ? "fault" : "" }, "  " + n + " = " + v))));
    const table = make("table", {});
    for (const [field, [was, is]] of Object.entries(step.changes)) {
      table.append(make("tr", {}, make("td", {}, field), make("td", {}, String(was) + " → " + String(is))));
    }
    box.append(Object.keys(step.changes).length ? table : make("p", {}, "Changes nothing that is modelled."));
    if (step.why) box.append(make("p", { class: "why" }, "One step, because: " + step.why));
  }

  function say(wrapped) {
    let text;
    if (position === 0) {
      text = "Before the first step.";
    } else {
      const step = run.steps[position - 1];
      const told = Object.entries(step.changes).filter(([f]) => !(run.quiet || []).includes(f))
        .map(([f, [was, is]]) => `${f}: ${was} → ${is}`).join(", ");
      text = `Step ${position}, ${run.lanes[step.lane].name}: ${step.function || step.name}.` + (told ? " " + told + "." : "");
      if (position === run.decided) text += run.reached ? " This is what was to be reached." : run.loop !== null ? " Here the loop closes." : " This is the violation.";
    }
    byId("live").textContent = (wrapped ? "Again from the beginning of the loop. " : "") + text;
  }

  function show(wrapped) {
    const slider = byId("slider");
    slider.value = position;
    slider.setAttribute("aria-valuetext", "step " + position + " of " + run.steps.length);
    byId("position").textContent = position + " of " + run.steps.length;
    rows.forEach((row, i) => {
      row.classList.toggle("now", i + 1 === position);
      row.classList.toggle("later", i + 1 > position);
    });
    drawMemory(position > 0 ? states[position - 1] : null, states[position]);
    drawStep();
    say(wrapped);
    const body = byId("state").querySelector("tbody");
    body.textContent = "";
    for (const [field, value] of Object.entries(states[position])) {
      const changed = position > 0 && states[position - 1][field] !== value;
      body.append(make("tr", {}, make("td", {}, changed ? make("b", {}, field) : field), make("td", {}, changed ? make("b", {}, String(value)) : String(value))));
    }
    const scroll = byId("scroll");
    const at = rowHeight * position;  // below the names of the lanes
    if (at < scroll.scrollTop + 30 || at > scroll.scrollTop + scroll.clientHeight - 70) scroll.scrollTop = Math.max(0, at - scroll.clientHeight / 2);
  }

  function go(to, wrapped) {
    position = Math.min(Math.max(0, to), run.steps.length);
    show(Boolean(wrapped));
  }
  function next() {
    if (position < run.steps.length) return go(position + 1);
    if (run.loop !== null && run.loop < run.steps.length) go(run.loop + 1, true);
  }

  function choose(index) {
    run = data.runs[index];
    states = statesOf(run);
    byId("run").hidden = false;
    document.querySelectorAll("#verdicts tr").forEach((row) => row.classList.toggle("chosen", row.dataset.run === String(index)));
    const message = byId("message");
    message.textContent = "";
    message.className = run.reached ? "reached" : "";
    message.append(make("p", {}, make("b", {}, run.name), ": " + run.message));
    if (run.sentence && !run.message.includes(run.sentence)) message.append(make("p", { class: "small" }, run.sentence));
    if (run.fairness && run.fairness.length) message.append(make("p", { class: "small" }, "Fair by: " + run.fairness.join(", ")));
    const goal = byId("goal");
    goal.hidden = run.decided === null;
    goal.textContent = run.goal ? run.goal : run.loop !== null ? (run.loop < run.steps.length ? "Go to the loop" : "Go to where it stays") : run.reached ? "Go to where it is reached" : "Go to the violation";
    byId("slider").max = run.steps.length;
    const waits = byId("waits");
    waits.hidden = !(run.blocked && run.blocked.length);
    const list = waits.querySelector("ul");
    list.textContent = "";
    for (const line of run.blocked || []) list.append(make("li", {}, line));
    const legend = byId("page-legend");
    legend.textContent = "";
    if (run.memory && run.initial["page[0].kind"] !== undefined) {
      for (const [kind, text] of pageKinds) legend.append(make("span", {}, make("i", { class: "page " + kind, style: "min-width:0;padding:0" }), text));
      legend.append(make("span", {}, "hatched: isolated; red border: pinned; blue ring: changed by this step"));
    }
    drawChart();
    go(0);
  }

  const goal = () => go(run.loop !== null && run.loop < run.steps.length ? run.loop + 1 : run.decided);
  byId("first").addEventListener("click", () => go(0));
  byId("previous").addEventListener("click", () => go(position - 1));
  byId("next").addEventListener("click", next);
  byId("last").addEventListener("click", () => go(run.steps.length));
  byId("goal").addEventListener("click", goal);
  byId("slider").addEventListener("input", (event) => go(Number(event.target.value)));
  document.addEventListener("keydown", (event) => {
    if (!run || event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SUMMARY") return;
    const actions = { ArrowRight: next, ArrowDown: next, ArrowLeft: () => go(position - 1), ArrowUp: () => go(position - 1),
      Home: () => go(0), End: () => go(run.steps.length), v: () => run.decided !== null && goal() };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  if (data.runs.length) choose(0);
})();
