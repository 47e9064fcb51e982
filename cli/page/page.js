'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const LOCKS = ['device_hotplug_lock', 'mem_hotplug_lock', 'hotplug_mutex'];
  const LETTERS = ['D', 'M', 'H'];
  const ROW = 24;

  // Everything that comes from the data goes in as text, never as markup.
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  function draw(tag, attributes, ...children) {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const text = (value) => (value === null || value === undefined ? '?' : String(value));

  // ---- light and dark ----
  function theme(dark) {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    $('theme').setAttribute('aria-pressed', String(dark));
  }
  const prefers = matchMedia('(prefers-color-scheme: dark)');
  theme(prefers.matches);
  prefers.addEventListener('change', (event) => theme(event.matches));
  $('theme').addEventListener('click', () => theme(document.documentElement.dataset.theme !== 'dark'));

  function facts(list, pairs) {
    list.replaceChildren(...pairs.filter(([, value]) => value).map(
      ([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, text(value)))));
  }

  // ---- a run: one at a time is shown ----
  let run, at, state, rows, touched;

  const wraps = () => run.loop !== null && run.loop !== undefined && run.loop < run.steps.length;

  function head(shown) {
    const recording = shown.kind === 'recording';
    $('kind').textContent = shown.subject ? `- ${shown.subject}` : recording ? '- recording of a guest' :
      shown.loop !== null && shown.loop !== undefined ? '- lasso' :
        shown.verdict === 'reached' ? '- witness' : '- counterexample';
    const name = recording ? shown.file.split('/').pop() : shown.property;
    $('title').textContent = shown.title || `${name} is ${shown.verdict} ${recording ? 'by the model of' : 'in'} ${shown.release}`;
    document.title = `${name} - vmemcheck`;
    $('sentence').textContent = shown.sentence || '';
    const bad = shown.verdict === 'violated' || shown.verdict === 'rejected' || shown.as_recorded === false;
    $('message').textContent = (shown.message || '') + (shown.as_recorded === false ? ` Stale: ${shown.stale}` : '');
    $('message').className = 'message ' + (bad ? 'bad' : 'good');
    const config = shown.config || {};
    const faults = Object.entries(config.faults || {}).filter(([, on]) => on).map(([fault]) => fault.replaceAll('_', ' '));
    facts($('facts'), [['release', shown.release], ['scope', shown.scope], ['mode', shown.mode],
      ['faults', config.faults ? faults.join(', ') || 'none' : ''], ['what-if', (config.what_if || []).join(', ')], ['mutant', config.mutant],
      ['fair by', (shown.fairness || []).join(', ')], ['source', shown.source],
      ['notes', (shown.notes || []).join('; ')]]);
    $('command').textContent = shown.command;
  }

  /** Who holds each lock after each step, as bars: {lock, lane, from, to}; from and to are positions. */
  function bars() {
    const found = [];
    const open = new Map();
    const turn = (lock, owner, position) => {
      const bar = open.get(lock);
      if (bar && bar.owner !== owner) {
        bar.to = position;
        open.delete(lock);
      }
      if (owner !== null && !open.has(lock)) {
        const fresh = {lock, owner, from: position, to: null};
        open.set(lock, fresh);
        found.push(fresh);
      }
    };
    const owner = (value) => (value === 'none' || value === undefined ? null : run.owners[value] || text(value));
    if (run.kind === 'run') {
      for (const lock of LOCKS) turn(lock, owner(run.initial[lock]), 0);
      run.steps.forEach((step, i) => {
        for (const lock of LOCKS) if (step.changes[lock]) turn(lock, owner(step.changes[lock][1]), i + 1);
      });
    } else {
      run.steps.forEach((step, i) => {
        if (step.lock) turn(step.lock.lock, step.lock.held ? step.actor : null, i + 1);
      });
    }
    return found;
  }

  /** What a step tells another actor: [lane, words]. */
  function message(step) {
    if (run.kind !== 'run') return null;
    const set = (field) => step.changes[field] && !['none', 'no', 0].includes(step.changes[field][1]) ? text(step.changes[field][1]) : null;
    if (set('request')) return ['device', set('request')];
    if (set('response')) return ['worker', set('response')];
    if (step.changes['device.requested']) return ['device', 'resize'];
    if (set('config_interrupt')) return ['config interrupt', 'config'];
    if (set('wq.queued')) return ['worker', 'queue'];
    if (set('retry_timer')) return ['retry timer', 'arm'];
    return null;
  }

  function lanes(list) {
    const used = new Set(run.steps.map((step) => step.actor));
    list.forEach((bar) => used.add(bar.owner));
    run.steps.forEach((step) => { const told = message(step); if (told) used.add(told[0]); });
    return [...run.lanes.filter((lane) => used.has(lane)), ...[...used].filter((lane) => !run.lanes.includes(lane))];
  }

  function chart() {
    const list = bars();
    const names = lanes(list);
    const gap = run.kind === 'recording' ? 84 : 74;
    const left = 58;
    const x = (lane) => left + gap / 2 + names.indexOf(lane) * gap;
    const y = (position) => position * ROW + ROW / 2;
    const words = left + names.length * gap + 8;
    const longest = Math.max(...run.steps.map((step) => step.function.length + step.step.length +
      step.answers.reduce((sum, answer) => sum + answer.name.length + text(answer.value).length + 4, 0)), 20);
    const width = words + Math.min(longest * 7.3, 1500) + 20;
    const height = (run.steps.length + 1) * ROW + 6;

    const top = draw('svg', {width, height: 34});
    names.forEach((lane) => {
      // Two lines: at the first space or dash, if there is one.
      const parts = lane.match(/^([^ -]*)[ -](.*)$/);
      const lines = parts ? parts.slice(1) : ['', lane];
      lines.forEach((line, i) => top.append(draw('text', {class: 'head', x: x(lane), y: 13 + 14 * i, 'text-anchor': 'middle'},
        line.length > 12 ? line.slice(0, 11) + '…' : line, draw('title', {}, lane))));
    });
    top.append(draw('text', {class: 'head', x: words, y: 27}, run.kind === 'recording' ? 'event [time]' : 'kernel function [step]  answers'));
    $('heads').replaceChildren(top);

    const svg = draw('svg', {width, height, 'aria-hidden': 'true'});
    const held = draw('g', {});
    names.forEach((lane) => svg.append(draw('line', {class: 'lane', x1: x(lane), x2: x(lane), y1: 0, y2: height})));
    list.forEach((bar) => {
      const k = LOCKS.indexOf(bar.lock);
      const to = bar.to === null ? run.steps.length + .5 : bar.to;
      const bx = x(bar.owner) + 12 + k * 9;
      const group = draw('g', {class: 'lock', 'data-lock': bar.lock, 'data-from': bar.from, 'data-to': bar.to ?? 'end'},
        draw('title', {}, `${bar.lock}, held by ${bar.owner} from step ${bar.from} ${bar.to === null ? 'on' : 'to step ' + bar.to}`),
        draw('rect', {class: `lock${k}`, x: bx, width: 5, y: y(bar.from), height: Math.max((to - bar.from) * ROW, 4), rx: 2}),
        draw('text', {class: `lock${k}`, x: bx - 1, y: y(bar.from) - 2}, LETTERS[k]));
      held.append(group);
    });
    rows = run.steps.map((step, i) => {
      const position = i + 1;
      const band = draw('rect', {class: 'band', x: 1, width: width - 2, y: y(position) - ROW / 2, height: ROW, rx: 4});
      const group = draw('g', {class: 'row', 'data-step': position}, band,
        draw('text', {class: 'number', x: left - 16, y: y(position) + 4}, String(run.kind === 'recording' ? step.seq : position)));
      const told = message(step);
      if (told && names.includes(told[0]) && told[0] !== step.actor) {
        const a = x(step.actor), b = x(told[0]), way = Math.sign(b - a);
        group.append(draw('line', {class: 'arrow', x1: a + way * 6, x2: b - way * 7, y1: y(position), y2: y(position)}),
          draw('path', {class: 'tip', d: `M${b - way * 1} ${y(position)} l${-way * 8} -4 v8 z`}),
          draw('text', {class: 'arrow-text', x: b - way * 12, y: y(position) - 3, 'text-anchor': way > 0 ? 'end' : 'start'}, told[1]));
      }
      group.append(draw('circle', {class: 'node', cx: x(step.actor), cy: y(position), r: 5.5}));
      const line = draw('text', {x: words, y: y(position) + 4}, step.function, draw('tspan', {class: 'step'}, ` [${step.step}]`));
      step.answers.forEach((answer) => line.append(draw('tspan', answer.fault ? {class: 'fault'} : {class: 'step'},
        `  ${answer.fault ? '! ' : ''}${answer.name}=${text(answer.value)}`)));
      group.append(line);
      group.addEventListener('click', () => go(position));
      svg.append(group);
      return group;
    });
    // Over the row at hand.
    svg.append(held);
    const final = finalStep();
    if (final && !wraps()) rows[final - 1].classList.add('final');
    if (wraps()) {
      const from = y(run.loop + 1) - 9, to = y(run.steps.length) + 9;
      svg.append(draw('path', {class: 'loop', d: `M${13} ${from} H6 V${to} H13`}),
        draw('text', {class: 'loop-text', transform: `translate(21 ${(from + to) / 2}) rotate(-90)`, 'text-anchor': 'middle'}, 'loop'));
    } else if (run.loop !== null && run.loop !== undefined) {
      svg.append(draw('text', {class: 'loop-text', x: 4, y: height - 5}, '↻ for ever nothing more'));
    }
    $('scroll').replaceChildren(svg);
    $('scroll').onscroll = () => { $('heads').scrollLeft = $('scroll').scrollLeft; };
  }

  function finalStep() {
    if (run.kind !== 'recording') return run.steps.length;
    if (run.stuck_at === undefined) return run.steps.length;
    const index = run.steps.findIndex((step) => step.seq === run.stuck_at);
    return index < 0 ? run.steps.length : index + 1;
  }

  // ---- memory ----
  const KINDS = [['buddy', 'B', 'buddy, free'], ['pcp', 'C', 'per-cpu list, free'], ['movable', 'M', 'in use, movable'],
    ['unmovable', 'U', 'in use, unmovable'], ['pinned', 'P', 'pinned'], ['fake', 'F', 'fake-offline'],
    ['fake', 'F*', 'fake-offline, dirty'], ['other', 'I', 'other: init, contig, in use'], ['absent', '-', 'absent or offline']];

  function look(i) {
    const kind = state[`page[${i}].kind`];
    const pin = state[`page[${i}].pin`];
    if (kind === undefined || kind === 'none') return KINDS[8];
    if (pin && pin !== 'none') return ['pinned', 'P', `${kind}, pinned (${pin})`];
    if (kind === 'fake-offline-dirty') return KINDS[6];
    if (kind === 'fake-offline') return KINDS[5];
    const known = KINDS.find(([name]) => name === kind);
    return known || ['other', kind === 'in use' ? 'U?' : 'I', kind];
  }

  function page(i) {
    const [style, letter, words] = look(i);
    const refs = text(state[`page[${i}].refcount`] ?? 0);
    const changed = touched.some((field) => field.startsWith(`page[${i}].`));
    return make('span', {class: `page ${style}${changed ? ' touched' : ''}`, 'data-page': i, role: 'img',
      'aria-label': `page ${i}: ${words}, refcount ${refs}`, title: `page ${i}: ${words}, refcount ${refs}`},
    make('b', {}, letter), refs);
  }

  function label(name, value) { return make('div', {class: 'label'}, `${name} `, make('b', {}, text(value))); }

  function pagesOf(mb) {
    const m = run.memory;
    if (m.recorded) {
      if (state[`page[${2 * mb}].kind`] === undefined) return make('div', {});
      return make('div', {class: 'block'}, page(2 * mb), page(2 * mb + 1));
    }
    const list = make('div', {class: 'sections'});
    for (let s = 0; s < m.sections; ++s) {
      const section = make('div', {class: 'section'});
      for (let b = 0; b < m.page_blocks; ++b) {
        const block = (mb * m.sections + s) * m.page_blocks + b;
        const isolated = state[`isolated[${block}]`] === 'yes';
        const box = make('div', {class: 'block' + (isolated ? ' isolated' : ''), title: `page block ${block}${isolated ? ', isolated' : ''}`});
        for (let p = 0; p < m.pages; ++p) box.append(page(block * m.pages + p));
        if (isolated) box.append(make('small', {}, 'isolated'));
        section.append(box);
      }
      list.append(section);
    }
    return list;
  }

  function memory() {
    const m = run.memory;
    const blocks = [];
    for (let i = 0; i < m.big_blocks; ++i) {
      const device = state[`bb[${i}].device`];
      const box = make('div', {class: 'bb'}, label(`big block ${i}`, state[`bb[${i}].state`]));
      if (device !== undefined) box.firstChild.append(device === 'yes' ? ' plugged in the device' : ' not plugged in the device');
      if (!m.recorded) {
        const inside = make('div', {class: 'mbs'});
        for (let b = 0; b < m.memory_blocks; ++b) {
          const mb = i * m.memory_blocks + b;
          const zone = state[`mb[${mb}].state`] === 'absent' ? '' : ` ${state[`mb[${mb}].zone`]}`;
          inside.append(make('div', {class: 'mb'}, label(`memory block ${mb}`, state[`mb[${mb}].state`] + zone), pagesOf(mb)));
        }
        box.append(inside);
      }
      if (!m.recorded || (state[`bb[${i}].state`] || 'UNUSED') !== 'UNUSED' || i < 4) blocks.push(box);
    }
    if (m.recorded) {
      const inside = make('div', {class: 'mbs'});
      for (let mb = 0; state[`mb[${mb}].state`] !== undefined; ++mb) {
        inside.append(make('div', {class: 'mb'}, label(`memory block ${mb}`, state[`mb[${mb}].state`]), pagesOf(mb)));
      }
      $('memory').replaceChildren(make('div', {class: 'mbs'}, ...blocks), inside);
      return;
    }
    $('memory').replaceChildren(...blocks);
  }

  function legend() {
    $('legend').replaceChildren(
      ...KINDS.map(([style, letter, words]) => make('li', {}, make('span', {class: `swatch ${style}`}, letter), words)),
      make('li', {}, make('span', {class: 'swatch isolated'}, '\u00a0'), 'isolated page block'),
      make('li', {}, 'number: refcount'));
  }

  // ---- what changed, locks ----
  const local = (field) => /^(worker|op|remover|host|user)\./.test(field) && !/\.rc$/.test(field);

  function table(list) {
    const body = make('tbody');
    list.forEach(([field, [before, after]]) => body.append(make('tr', {}, make('th', {scope: 'row', class: 'mono'}, field),
      make('td', {class: 'mono'}, `${before === null ? 'not seen' : text(before)} → ${text(after)}`))));
    return make('table', {}, make('thead', {}, make('tr', {}, make('th', {scope: 'col'}, 'field'), make('th', {scope: 'col'}, 'before → after'))), body);
  }

  function changes() {
    const step = at ? run.steps[at - 1] : null;
    const parts = [];
    if (!step) {
      parts.push(make('p', {}, 'Nothing yet: this is the initial state.'));
    } else {
      const list = Object.entries(step.changes);
      const seen = list.filter(([field]) => !local(field));
      const inner = list.filter(([field]) => local(field));
      parts.push(seen.length ? table(seen) : make('p', {}, run.kind === 'recording' ? 'Nothing new was seen here.' : 'Nothing that others can see.'));
      if (inner.length) parts.push(make('details', {}, make('summary', {}, `program counters and locals (${inner.length})`), table(inner)));
      if (step.model) parts.push(make('p', {}, `in the model: ${step.model}`));
    }
    $('changes').replaceChildren(...parts);
  }

  let lockBars = [];
  function locks() {
    $('locks').replaceChildren(...LOCKS.map((lock, k) => {
      const bar = lockBars.find((b) => b.lock === lock && b.from <= at && (b.to === null || at < b.to));
      return make('li', {}, `${LETTERS[k]}  ${lock}: ${bar ? 'held by ' + bar.owner : 'free'}`);
    }));
  }

  function waits() {
    $('waits-part').hidden = !run.waits.length;
    $('waits-title').textContent = wraps() ? 'Who waits, where the loop begins' : 'Who waits, after the last step';
    const order = [...run.waits.filter((w) => w.blocked), ...run.waits.filter((w) => !w.blocked)];
    $('waits').replaceChildren(...order.map((w) => make('li', w.cycle ? {class: 'cycle'} : {},
      w.text + (w.cycle ? ' (in the cycle)' : '') + (w.environment ? ' (owes nothing)' : ''))));
  }

  // ---- walking ----
  function go(position) {
    const to = Math.max(0, Math.min(run.steps.length, position));
    if (at) rows[at - 1].classList.remove('now');
    while (at < to) {
      for (const [field, [, after]] of Object.entries(run.steps[at].changes)) state[field] = after;
      ++at;
    }
    while (at > to) {
      --at;
      for (const [field, [before]] of Object.entries(run.steps[at].changes)) {
        if (before === null) delete state[field]; else state[field] = before;
      }
    }
    const step = at ? run.steps[at - 1] : null;
    touched = step ? Object.keys(step.changes) : [];
    $('slider').value = at;
    $('position').textContent = `step ${at} of ${run.steps.length}`;
    const inLoop = wraps() && at > run.loop;
    const words = step ? `Step ${at} of ${run.steps.length}: ${step.actor}, ${step.function} [${step.step}]` : 'Initial state';
    const answers = step ? step.answers.map((a) => `${a.fault ? 'fault ' : ''}${a.name} = ${text(a.value)}`).join(', ') : '';
    $('live').textContent = words + (answers ? `; ${answers}` : '') + (inLoop ? ' (in the loop)' : '') +
      (at && at === finalStep() && !wraps() && run.kind === 'run' && run.verdict === 'violated' ? ' - the violating step' : '');
    $('slider').setAttribute('aria-valuetext', words);
    if (step) {
      const row = rows[at - 1];
      row.classList.add('now');
      const top = at * ROW, box = $('scroll');
      if (top < box.scrollTop + ROW || top > box.scrollTop + box.clientHeight - 3 * ROW) box.scrollTop = top - box.clientHeight / 2;
      const {top: above, bottom} = row.getBoundingClientRect();
      if (above < 0 || bottom > innerHeight) row.scrollIntoView({block: 'center'});
    } else {
      $('scroll').scrollTop = 0;
    }
    $('previous').disabled = $('first').disabled = at === 0;
    $('next').disabled = at === run.steps.length && !wraps();
    changes();
    memory();
    locks();
  }

  const next = () => go(at === run.steps.length && wraps() ? run.loop + 1 : at + 1);
  const goal = () => go(wraps() ? run.loop + 1 : finalStep());

  /** The chart ends where the window does, so that the step at hand can be seen beside what it changes. */
  function fit() {
    const top = $('scroll').getBoundingClientRect().top + scrollY;
    $('scroll').style.setProperty('--height', `${Math.max(innerHeight - top - 36, 380)}px`);
  }
  addEventListener('resize', fit);

  function show(shown) {
    run = shown;
    at = 0;
    state = {...run.initial};
    touched = [];
    head(run);
    $('walk').hidden = false;
    $('slider').max = run.steps.length;
    lockBars = bars();
    $('goal').textContent = wraps() ? 'Go to the loop' : run.verdict === 'violated' ? 'Go to the violating step' :
      run.verdict === 'rejected' ? 'Go to what is not explained' : 'Go to the last step';
    chart();
    legend();
    waits();
    fit();
    go(0);
  }

  $('first').addEventListener('click', () => go(0));
  $('previous').addEventListener('click', () => go(at - 1));
  $('next').addEventListener('click', next);
  $('goal').addEventListener('click', goal);
  $('slider').addEventListener('input', () => go(Number($('slider').value)));
  document.addEventListener('keydown', (event) => {
    if (!run || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof HTMLSelectElement) return;
    const keys = {ArrowRight: next, ArrowDown: next, ArrowLeft: () => go(at - 1), ArrowUp: () => go(at - 1),
      PageDown: () => go(at + 10), PageUp: () => go(at - 10), Home: () => go(0), End: () => go(run.steps.length)};
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  function result() {
    $('result').hidden = false;
    const head = make('tr', {}, ...['property', 'verdict', 'steps', 'run'].map((name) => make('th', {scope: 'col'}, name)));
    const body = make('tbody');
    data.verdicts.forEach((verdict) => {
      const good = verdict.as_expected;
      const cell = make('td');
      if (verdict.run !== undefined) {
        const button = make('button', {type: 'button'}, 'Show');
        button.setAttribute('aria-label', `Show the run of ${verdict.property}`);
        button.addEventListener('click', () => { $('run').value = verdict.run; show(data.runs[verdict.run]); $('controls').focus(); });
        cell.append(button);
      } else if (verdict.problem) {
        cell.append(verdict.problem);
      }
      body.append(make('tr', {}, make('th', {scope: 'row', title: verdict.sentence}, make('code', {}, verdict.property)),
        make('td', {class: good ? 'good' : 'bad'}, `${good ? '✓' : '✗'} ${verdict.verdict}${good ? '' : ' (not as expected)'}`),
        make('td', {}, text(verdict.steps ?? '')), cell));
    });
    $('verdicts').replaceChildren(make('table', {}, make('thead', {}, head), body));
    facts($('statistics'), Object.entries(data.statistics).map(([name, value]) =>
      [name.replaceAll('_', ' '), typeof value === 'number' ? value.toLocaleString('en') : text(value)]));
    data.runs.forEach((shown, i) => $('run').append(make('option', {value: i}, shown.property)));
    $('which').hidden = data.runs.length < 2;
    $('run').addEventListener('change', () => show(data.runs[Number($('run').value)]));
    if (data.runs.length) show(data.runs[0]);
    $('kind').textContent = '- result';
    $('title').textContent = `${data.conclusion} (${data.release})`;
    document.title = 'result - vmemcheck';
    if (!data.runs.length) $('command').textContent = text(data.command);
  }

  if (data.kind === 'result') result(); else show(data);
})();
