// Whatever comes from the proxy becomes text or a number, never markup: names of pods are chosen by others.
const $ = id => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const SECONDS = 120, narrow = matchMedia('(max-width: 719px)');

function make(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
function html(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
const text = (element, value) => { if (element.textContent !== String(value)) element.textContent = value; };
const show = (element, shown) => { if (element.hidden === shown) element.hidden = !shown; };
const count = n => Math.round(n).toLocaleString('en');
const plural = (n, one, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;
const rate = n => n < 10 && n % 1 ? n.toFixed(1) : count(n);
function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${i && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}
function span(seconds) {
  if (seconds < 1) return '<\u20091 s';
  const parts = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const i = parts.findIndex(([, size]) => seconds >= size);
  const rest = Math.floor(seconds % parts[i][1] / (parts[i + 1]?.[1] ?? Infinity));
  return `${Math.floor(seconds / parts[i][1])} ${parts[i][0]}` + (rest ? ` ${rest} ${parts[i + 1][0]}` : '');
}
const REASONS = {
  explicitly_denied: 'a DENY policy matches', not_allowed: 'no ALLOW policy matches', policy_unknown: 'a policy is missing',
  policy_unreadable: "a policy can't be understood", workload_unknown: "the mesh doesn't know the pod", revoked: 'a certificate is revoked',
  forbidden: 'forbidden by the mesh', unroutable: 'no way in the mesh', answered: 'refused by the peer', timeout: 'no answer in time',
};
const words = code => REASONS[code] ?? code.replaceAll('_', ' ');
const party = p => p.name ? (p.namespace ? `${p.namespace}/${p.name}` : p.name) : 'outside the mesh';
function say(what) { text($('said'), what); }

// Tables: rows stay the same elements, so that focus, selection and reading position survive an update.
function fill(id, rows, labels, empty) {
  const body = $(id).tBodies[0];
  const there = body.rowsByKey ??= new Map();
  const first = there.size === 0;
  const seen = new Set();
  let next = body.firstElementChild;
  for (const { key: name, cells } of rows) {
    let key = name;
    while (seen.has(key)) key += '+';
    seen.add(key);
    let row = there.get(key);
    if (!row) {
      row = html('tr', first ? '' : 'fresh');
      row.setAttribute('role', 'row');
      cells.forEach((_, i) => {
        const cell = html('td', $(id).tHead.rows[0].cells[i].className, html('span'));
        cell.setAttribute('role', 'cell');
        cell.dataset.label = labels[i];
        row.append(cell);
      });
      there.set(key, row);
    }
    cells.forEach((cell, i) => update(row.cells[i].firstElementChild, cell));
    if (row !== next) body.insertBefore(row, next); else next = next.nextElementSibling;
  }
  for (const [key, row] of there) if (!seen.has(key)) { row.remove(); there.delete(key); }
  if (empty) { show($(id), rows.length > 0); show($(empty), rows.length === 0); }
}
// A cell is a text, or lines and extras: {main, aside, sub: [...], tone, gauge}.
function update(element, cell) {
  const now = JSON.stringify(cell);
  if (element.last === now) return;
  element.last = now;
  if (typeof cell !== 'object') { element.textContent = cell; return; }
  const parts = [html('b', cell.tone ?? '', cell.main), ...(cell.aside ? [' ', html('i', '', cell.aside)] : []),
    ...(cell.sub ?? []).filter(Boolean).map(line => html('small', '', line))];
  if (cell.gauge !== undefined) {
    const bar = html('span');
    bar.style.width = `${cell.gauge * 100}%`;
    const gauge = html('span', cell.gauge < .2 ? 'gauge low' : 'gauge', bar);
    gauge.setAttribute('aria-hidden', 'true');
    parts.push(gauge);
  }
  element.replaceChildren(...parts);
}
for (const table of document.querySelectorAll('table.stacks')) {
  table.setAttribute('role', 'table');
  for (const group of [table.tHead, ...table.tBodies]) group.setAttribute('role', 'rowgroup');
  table.tHead.rows[0].setAttribute('role', 'row');
  for (const head of table.tHead.rows[0].cells) head.setAttribute('role', 'columnheader');
}

// Charts of the last two minutes.
class Chart {
  constructor(id, name, format) { Object.assign(this, { svg: $(id), name, format, values: [] }); }
  add(value) { this.values.push(value); if (this.values.length > SECONDS) this.values.shift(); this.draw(); }
  draw() {
    const width = Math.round(this.svg.clientWidth) || 300, height = 64, base = height - 13;
    const highest = Math.max(0, ...this.values.filter(Boolean).flat());
    const top = Math.max(1, highest);
    const x = i => width - (this.values.length - 1 - i) * width / (SECONDS - 1);
    const y = value => (base - value / top * (base - 14)).toFixed(1);
    const line = which => {
      let path = '', drawn = false;
      this.values.forEach((value, i) => {
        path += value ? `${drawn ? 'L' : 'M'}${x(i).toFixed(1)} ${y(value[which])}` : '';
        drawn = !!value;
      });
      return path;
    };
    const first = this.values.findIndex(Boolean), into = line(0);
    const solid = first >= 0 && this.values.slice(first).every(Boolean);
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const parts = [make('path', { class: 'top', d: `M0 14H${width}` }), make('path', { class: 'base', d: `M0 ${base}H${width}` })];
    if (solid) parts.push(make('path', { class: 'area', d: `${into}V${base}H${x(first).toFixed(1)}Z` }));
    parts.push(make('path', { class: 'in', d: into }), make('path', { class: 'out', d: line(1) }),
      make('text', { x: 0, y: 10 }, `highest ${this.format(highest)}`), make('text', { x: 0, y: height - 1 }, '2 min ago'),
      make('text', { x: width, y: height - 1, 'text-anchor': 'end' }, 'now'));
    this.svg.replaceChildren(...parts);
    const now = this.values.at(-1);
    this.svg.setAttribute('aria-label', `${this.name} in the last two minutes: highest ${this.format(highest)}`
      + (now ? `, now ${this.format(now[0])} in and ${this.format(now[1])} out` : ''));
  }
}
const charts = [new Chart('chart-connections', 'Connections per second', rate), new Chart('chart-bytes', 'Bytes per second', bytes)];

// The picture: parties in columns, from those that only ask to those that only answer; in a list with arcs where columns have no room.
const picture = { key: '' };
function columns(parties, edges) {
  const layer = parties.map(() => 0), state = parties.map(() => 0), ahead = parties.map(() => []);
  edges.forEach(edge => { if (edge.from !== edge.to) ahead[edge.from].push(edge.to); });
  const order = [];
  const visit = i => {
    state[i] = 1;
    ahead[i] = ahead[i].filter(to => { if (state[to] === 0) visit(to); return state[to] === 2; });
    state[i] = 2;
    order.unshift(i);
  };
  const asked = new Set(edges.filter(edge => edge.from !== edge.to).map(edge => edge.to));
  parties.forEach((_, i) => { if (!asked.has(i) && state[i] === 0) visit(i); });
  parties.forEach((_, i) => { if (state[i] === 0) visit(i); });
  for (const i of order) for (const to of ahead[i]) layer[to] = Math.max(layer[to], layer[i] + 1);
  const all = Array.from({ length: Math.max(...layer) + 1 }, () => []);
  parties.forEach((_, i) => all[layer[i]].push(i));
  for (let round = 0; round < 6; round++) {
    for (const column of round % 2 ? [...all].reverse() : all) {
      const place = i => {
        const peers = edges.flatMap(edge => edge.from === i ? [edge.to] : edge.to === i ? [edge.from] : [])
          .filter(peer => layer[peer] !== layer[i]);
        const height = peer => all[layer[peer]].indexOf(peer) / all[layer[peer]].length;
        return peers.length ? peers.reduce((sum, peer) => sum + height(peer), 0) / peers.length : .5;
      };
      const places = new Map(column.map(i => [i, place(i)]));
      column.sort((a, b) => places.get(a) - places.get(b));
    }
  }
  return { layer, all };
}
// Steps that don't all have room share columns.
function squeeze({ layer, all }, most) {
  if (all.length <= most) return { layer, all };
  const squeezed = layer.map(i => Math.round(i * (most - 1) / (all.length - 1)));
  const columns = Array.from({ length: most }, () => []);
  all.flat().forEach(i => columns[squeezed[i]].push(i));
  return { layer: squeezed, all: columns };
}
const LETTER = 7.4;
const clip = (value, width) => value.length * LETTER <= width ? value : value.slice(0, Math.max(1, Math.floor(width / LETTER) - 1)) + '…';
// A line is {d, middle, end, side}; side is where an arc bends to, 0 for what goes ahead.
const middle = (a, b, c, d) => [0, 1].map(i => (a[i] + 3 * b[i] + 3 * c[i] + d[i]) / 8);
const arc = (a, b, c, d, side) => ({ d: `M${a}C${b} ${c} ${d}`, middle: middle(a, b, c, d), end: d, side });
function curve(points) {
  let d = `M${points[0]}`, at;
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1], points[i]], bend = (b[0] - a[0]) / 2, c = [[a[0] + bend, a[1]], [b[0] - bend, b[1]]];
    d += `C${c[0]} ${c[1]} ${b}`;
    at ??= middle(a, ...c, b);
  }
  return { d, middle: at, end: points.at(-1), side: 0 };
}
function place(width, parties, edges) {
  const gap = 76, boxes = [], tall = 46, fit = Math.floor((width + gap) / (116 + gap));
  const { layer, all } = squeeze(columns(parties, edges), Math.max(fit, 1));
  const boxWidth = Math.min(210, (width - gap * (all.length - 1)) / all.length);
  if (fit >= 3) {
    const most = Math.max(...all.map(column => column.length)), step = 66;
    const height = Math.max(most * step, Math.min(380, parties.length * 62));
    const free = all.length > 1 ? (width - boxWidth * all.length) / (all.length - 1) : 0;
    all.forEach((column, i) => column.forEach((p, j) => {
      boxes[p] = { x: i * (boxWidth + free), y: (j + .5) * height / column.length - tall / 2, width: boxWidth };
    }));
    // Ends at the same side of a box are spread, in the order of what they lead to.
    const sides = new Map(), shape = edge => {
      const a = boxes[edge.from], b = boxes[edge.to];
      return layer[edge.to] > layer[edge.from] ? 0 : a.x + a.width + 60 < width ? 1 : -1;
    };
    edges.forEach(edge => {
      const side = shape(edge);
      for (const [own, other, right] of [[edge.from, edge.to, side >= 0], [edge.to, edge.from, side > 0]]) {
        const key = `${own} ${right}`;
        sides.set(key, [...sides.get(key) ?? [], { edge, own, y: boxes[other].y + (own === edge.from ? 0 : .1) }]);
      }
    });
    const ends = new Map();
    for (const at of sides.values()) {
      at.sort((one, two) => one.y - two.y);
      at.forEach(({ edge, own }, i) => {
        const y = boxes[own].y + tall / 2 + (i - (at.length - 1) / 2) * Math.min(12, (tall - 12) / at.length);
        ends.set(edge, { ...ends.get(edge), [own === edge.from ? 'from' : 'to']: y });
      });
    }
    // Past other columns, a line keeps to the room between boxes that is nearest.
    const lane = (column, wanted) => {
      const tops = column.map(i => boxes[i].y).sort((one, two) => one - two);
      const rooms = [tops[0] - 10, ...tops.slice(1).map((top, i) => (top + tops[i] + tall) / 2), tops.at(-1) + tall + 10];
      return rooms.reduce((best, y) => Math.abs(y - wanted) < Math.abs(best - wanted) ? y : best);
    };
    return { boxes, height, tall, path: edge => {
      const a = boxes[edge.from], b = boxes[edge.to], ay = ends.get(edge).from, by = ends.get(edge).to ?? ay, side = shape(edge);
      if (side === 0) {
        const points = [[a.x + a.width, ay]];
        for (let column = layer[edge.from] + 1; column < layer[edge.to]; column++) {
          const x = column * (boxWidth + free), y = lane(all[column], ay + (by - ay) * (x - a.x) / (b.x - a.x));
          points.push([x, y], [x + boxWidth, y]);
        }
        points.push([b.x - 7, by]);
        return curve(points);
      }
      const ax = side > 0 ? a.x + a.width : a.x, bx = (side > 0 ? b.x + b.width : b.x) + side * 7;
      const out = side * (46 + Math.abs(ay - by) / 6);
      return edge.from === edge.to
        ? arc([ax, a.y + 12], [ax + side * 40, a.y + 8], [ax + side * 46, a.y + 36], [ax + side * 7, a.y + 32], side)
        : arc([ax, ay], [ax + out, ay], [bx + out, by], [bx, by], side);
    } };
  }
  const left = Math.min(90, width * .24), step = 54;
  all.flat().forEach((p, i) => { boxes[p] = { x: left, y: i * step + 4, width: width - left }; });
  return { boxes, height: parties.length * step, tall, path: edge => {
    const ay = boxes[edge.from].y + tall / 2 - 6, by = boxes[edge.to].y + tall / 2 + 6;
    const out = Math.min(left * 1.3, 24 + Math.abs(by - ay) / 4);
    return arc([left, ay], [left - out, ay], [left - 7 - out, by], [left - 7, by], -1);
  } };
}
function drawPicture({ parties, edges, edgesLeftOut }) {
  show($('picture-empty'), edges.length === 0);
  show($('picture'), edges.length > 0);
  text($('picture-more'), edgesLeftOut ? `and ${plural(edgesLeftOut, 'quieter pair')} not drawn` : '');
  if (edges.length === 0) return;
  const width = Math.floor($('picture').clientWidth) - 2;
  const key = JSON.stringify([width, parties, edges.map(edge => [edge.from, edge.to, edge.tunnel])]);
  if (key !== picture.key) {
    picture.key = key;
    build(width, parties, edges);
  }
  const busy = new Set(edges.filter(edge => edge.open).flatMap(edge => [edge.from, edge.to]));
  picture.parties.forEach((group, i) => group.classList.toggle('busy', busy.has(i)));
  edges.forEach((edge, i) => {
    const drawn = picture.edges[i];
    const dead = !edge.open && edge.failed > 0 && edge.failed >= edge.opened, label = dead ? '✕' : count(edge.open);
    for (const part of [drawn.line, drawn.tip, drawn.label]) {
      part.classList.toggle('idle', !edge.open && !dead);
      part.classList.toggle('dead', dead);
    }
    drawn.line.style.strokeWidth = (1.5 + Math.min(3, Math.log2(1 + edge.open) * .35)).toFixed(1);
    drawn.label.style.display = edge.open || dead ? '' : 'none';
    text(drawn.text, label);
    drawn.rect.setAttribute('width', 14 + label.length * 7);
    drawn.rect.setAttribute('x', drawn.middle - 7 - label.length * 3.5);
    text(drawn.title, `${party(parties[edge.from])} → ${party(parties[edge.to])}: ${edge.tunnel ? 'encrypted' : 'plaintext'}, `
      + `${count(edge.open)} open, ${count(edge.opened)} since the start, of which ${count(edge.failed)} failed; ${bytes(edge.bytes)}`);
  });
  picture.svg.setAttribute('aria-label',
    `${plural(parties.length, 'party', 'parties')} and ${plural(edges.length, 'pair')} that talk; the table below has them`);
}
function build(width, parties, edges) {
  const { boxes, height, tall, path } = place(width, parties, edges);
  const svg = make('svg', { viewBox: `-1 0 ${width + 2} ${height}`, height, role: 'img' });
  picture.edges = edges.map(edge => {
    const { d, middle: [x, y], end, side } = path(edge), kind = edge.tunnel ? 'tunnel' : 'plain', dir = side ? -side : 1;
    const title = make('title'), rect = make('rect', { y: y - 9, height: 18, rx: 9 }), number = make('text', { x, y: y + 4 });
    const label = make('g', { class: 'count' }, rect, number), line = make('path', { class: `line ${kind}`, d }, title);
    const tip = make('path', { class: `tip ${kind}`, d: `M${end[0] + dir * 7} ${end[1]}l${-dir * 9} -5v10z` });
    return { line, tip, label, rect, text: number, middle: x, title };
  });
  svg.append(...picture.edges.flatMap(edge => [edge.line, edge.tip]), ...picture.edges.map(edge => edge.label));
  picture.parties = parties.map((p, i) => {
    const box = boxes[i], inner = box.width - 22;
    const group = make('g', { class: p.name ? 'party' : 'party outside' }, make('title', {}, party(p)),
      make('rect', { x: box.x + .5, y: box.y + .5, width: box.width - 1, height: tall - 1, rx: 10 }),
      make('text', { x: box.x + 11, y: box.y + (p.name ? 20 : 28) }, clip(p.name || 'outside', inner)));
    if (p.name) group.append(make('text', { class: 'namespace', x: box.x + 11, y: box.y + 36 }, clip(p.namespace, inner)));
    group.addEventListener('pointerenter', () => light(svg, edges, i));
    group.addEventListener('pointerleave', () => light(svg, edges, -1));
    return group;
  });
  svg.append(...picture.parties);
  picture.svg = svg;
  $('picture').replaceChildren(svg);
}
function light(svg, edges, chosen) {
  svg.classList.toggle('hover', chosen >= 0);
  const near = new Set([chosen]);
  edges.forEach((edge, i) => {
    const lit = edge.from === chosen || edge.to === chosen;
    if (lit) near.add(edge.from).add(edge.to);
    for (const part of [picture.edges[i].line, picture.edges[i].tip, picture.edges[i].label]) part.classList.toggle('lit', lit);
  });
  picture.parties.forEach((group, i) => group.classList.toggle('lit', near.has(i)));
}

// The parts of the page.
const now = { snapshot: null, found: null, all: false };
function drawFigures(s) {
  text($('node'), s.node);
  document.title = s.node ? `ztunnel ${s.node}` : 'ztunnel';
  text($('served'), count(s.served));
  text($('served-of'), s.podCount === s.served ? '' : `of ${count(s.podCount)}`);
  const waiting = s.podCount - s.served;
  text($('served-note'), waiting ? `⚠ ${plural(waiting, 'pod')} can't be served`
    : s.podCount ? 'all on this node' : 'the agent has named none');
  $('served-note').classList.toggle('warn', waiting > 0);
  text($('open'), count(s.open));
  const plain = s.open - s.openTunnels;
  text($('open-note'), s.open === 0 ? 'none now'
    : `${count(s.openInbound)} in, ${count(s.open - s.openInbound)} out; ${plain ? count(plain) + ' in plaintext' : 'all encrypted'}`);
  text($('hbone'), s.hbone ? `tunnels in ${plural(s.hbone, 'HBONE connection')}` : '');
  const r = s.rates;
  if (r) {
    text($('rate-in'), rate(r.inbound));
    text($('rate-out'), rate(r.outbound));
    text($('bytes-in'), bytes(r.inboundBytes));
    text($('bytes-out'), bytes(r.outboundBytes));
  }
  charts[0].add(r && [r.inbound, r.outbound]);
  charts[1].add(r && [r.inboundBytes, r.outboundBytes]);
}
function drawPolicy(s) {
  const refused = Object.entries(s.refused).filter(([, n]) => n), cut = Object.entries(s.cut).filter(([, n]) => n);
  const no = [...refused, ...cut].reduce((sum, [, n]) => sum + n, 0);
  const [yes, bar] = $('split').children;
  yes.style.flexGrow = s.allowed;
  bar.style.flexGrow = no;
  show($('split'), s.allowed + no > 0);
  show(yes, s.allowed > 0);
  show(bar, no > 0);
  fill('decisions', [{ key: 'allowed', cells: [{ main: '✓ Allowed', tone: 'good' }, count(s.allowed)] },
    ...refused.map(([basis, n]) => ({ key: 'r' + basis, cells: [{ main: '✕ Refused', tone: 'bad', sub: [words(basis)] }, count(n)] })),
    ...cut.map(([basis, n]) => ({ key: 'c' + basis,
      cells: [{ main: '✂ Cut while open', tone: 'bad', sub: [words(basis)] }, count(n)] }))], ['', '']);
  fill('failures', Object.entries(s.notConnected).filter(([, n]) => n).map(([why, n]) => ({ key: why, cells: [words(why), count(n)] })),
    ['', ''], 'failures-empty');
}
function drawMesh(s) {
  const m = s.mesh, state = $('mesh-state');
  text(state, m.error ? '⚠ An earlier state counts' : '✓ Up to date');
  state.className = m.error ? 'state bad' : 'state good';
  show($('mesh-error'), !!m.error);
  text($('mesh-error'), m.error ? `${m.error} (seen ${span((s.at - m.failedAt) / 1000)} ago)` : '');
  const facts = [['Source', m.source], ['Version', m.version],
    ['In force for', m.loadedAt ? span((s.at - m.loadedAt) / 1000) : 'nothing is yet'],
    ['Workloads', count(m.workloads)], ['Services', count(m.services)], ['Policies', count(m.policies)],
    ['Changes since the start', count(m.reloads)], ['Errors since the start', count(m.failures)]];
  const list = $('mesh');
  if (!list.children.length) facts.forEach(([name]) => list.append(html('dt', '', name), html('dd')));
  facts.forEach(([, value], i) => text(list.children[2 * i + 1], value));
}
function drawPods(s) {
  fill('pods', s.pods.map(pod => ({ key: pod.uid, cells: [
    { main: pod.name || pod.uid, aside: pod.namespace, sub: [`account ${pod.serviceAccount}`] },
    pod.served ? { main: '✓ Served', tone: 'good' } : { main: '⚠ Waiting', tone: 'warn', sub: [pod.reason || 'being served now'] },
    pod.ports.join(', ') || '–', count(pod.inbound), count(pod.outbound)] })), ['Pod', 'State', 'Listens at', 'In', 'Out'], 'pods-empty');
}
function drawCertificates(s) {
  fill('certificates', s.certificates.map(c => {
    const left = c.until === null ? 0 : (c.until - s.at) / 1000;
    const gauge = c.until === null ? undefined : Math.min(1, Math.max(0, left * 1000 / (c.until - c.from)));
    const state = c.until === null ? { main: c.error ? '⚠ None' : 'Requested', tone: c.error ? 'bad' : '' }
      : left > 0 ? { main: span(left), tone: gauge < .2 ? 'warn' : '' } : { main: '⚠ Expired', tone: 'bad' };
    const [, domain, namespace, account] = c.identity.match(/^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/) ?? ['', '', '', c.identity];
    const until = c.until && `until ${new Date(c.until).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}`;
    return { key: c.identity, cells: [{ main: account, aside: namespace, sub: [domain] }, { ...state, sub: [c.error, until], gauge }] };
  }), ['Identity', 'Time left'], 'certificates-empty');
}
function drawRows() {
  const s = now.snapshot, query = $('q').value.trim();
  if (!s || query && !now.found) return;
  const rows = query ? now.found.rows : s.rows, total = query ? now.found.found : s.open;
  const newest = $('order').value === 'age', few = narrow.matches ? 6 : 15;
  const sorted = [...rows].sort((a, b) => newest ? a.age - b.age : b.up + b.down - a.up - a.down || a.age - b.age).slice(0, 100);
  const shown = now.all ? sorted : sorted.slice(0, few);
  text($('rows-note'), total === 0 ? '' : `${count(shown.length)} of ${plural(total, query ? 'connection that matches' : 'open connection',
    query ? 'connections that match' : 'open connections')}, ${newest ? 'newest' : 'largest'} first`);
  text($('rows-empty'), query ? 'No connection matches.' : 'No open connections.');
  const end = (e, more) => ({ main: e.name || e.address, aside: e.namespace,
    sub: [[e.name && e.address, e.identity.replace('spiffe://', '')].filter(Boolean).join(' · '), more] });
  fill('rows', shown.map(row => ({ key: [row.inbound, row.source.address, row.destination.address].join(' '), cells: [
    end(row.source), end(row.destination, row.service && `for ${row.service}`),
    { main: row.tunnel ? '✓ mTLS' : '⚠ Plaintext', tone: row.tunnel ? 'good' : 'warn', sub: [row.inbound ? 'inbound' : 'outbound'] },
    bytes(row.up), bytes(row.down), span(row.age)] })), ['From', 'To', 'Security', 'Sent', 'Received', 'Age'], 'rows-empty');
  show($('more'), sorted.length > few);
  text($('more'), now.all ? 'Show fewer' : `Show ${sorted.length}`);
  $('more').setAttribute('aria-expanded', now.all);
}
function drawEdges(s) {
  fill('edges', s.edges.map(edge => ({ key: [party(s.parties[edge.from]), party(s.parties[edge.to]), edge.tunnel].join('\n'), cells: [
    party(s.parties[edge.from]), party(s.parties[edge.to]), edge.tunnel ? 'mTLS' : 'plaintext', count(edge.open), count(edge.opened),
    count(edge.failed), bytes(edge.bytes)] })), []);
}
// Spoken, and only when it has changed: what needs somebody.
let problems = null;
function drawProblems(s) {
  const found = [s.mesh.error && 'the mesh configuration has an error',
    s.podCount > s.served && `${plural(s.podCount - s.served, 'pod')} can't be served`,
    s.certificates.some(c => c.error) && 'a certificate is missing'].filter(Boolean).join('; ');
  if (problems !== null && found !== problems) say(found ? `Attention: ${found}` : 'All is well again');
  problems = found;
  show($('problem'), !!found);
  text($('problem'), found ? `⚠ ${found[0].toUpperCase()}${found.slice(1)}.` : '');
}
function draw() {
  const s = now.snapshot;
  drawFigures(s);
  drawProblems(s);
  drawPicture(s);
  drawEdges(s);
  drawPolicy(s);
  drawMesh(s);
  drawPods(s);
  drawCertificates(s);
  drawRows();
}

// Searching asks the proxy: it has all connections, this page some of them.
let asking = false, askAgain = false, spoken = '';
async function ask() {
  const query = $('q').value.trim();
  if (!query) { now.found = null; drawRows(); return; }
  if (asking) { askAgain = true; return; }
  asking = true;
  try {
    const response = await fetch(`/dashboard/connections?q=${encodeURIComponent(query)}`);
    if (response.ok) now.found = await response.json();
  } catch {
    // said by the state of the events
  }
  asking = false;
  if (askAgain) { askAgain = false; ask(); return; }
  if (now.found && query !== spoken) { spoken = query; say(`${plural(now.found.found, 'connection')} found`); }
  drawRows();
}
let typing = 0;
$('q').addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(ask, 150); });
$('find').addEventListener('submit', event => { event.preventDefault(); ask(); });
$('order').addEventListener('change', drawRows);
$('more').addEventListener('click', () => { now.all = !now.all; drawRows(); });

// Events come while the page is seen and not paused.
let events = null, retry = 0, paused = false, lost = false;
function state(kind, what) { $('live').dataset.state = kind; text($('live-text'), what); }
function open() {
  clearTimeout(retry);
  if (events || paused || document.hidden) return;
  events = new EventSource('/dashboard/events');
  events.addEventListener('snapshot', event => {
    now.snapshot = JSON.parse(event.data);
    state('on', `Live, ${new Date(now.snapshot.at).toLocaleTimeString()}`);
    if (lost) { lost = false; say('Connected again'); }
    draw();
    if ($('q').value.trim()) ask();
  });
  events.addEventListener('error', () => {
    state('off', 'No connection to the proxy, trying again');
    if (!lost) { lost = true; say('No connection to the proxy'); }
    close();
    retry = setTimeout(open, 2000);
  });
}
function close() { events?.close(); events = null; }
$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', paused);
  if (paused) { clearTimeout(retry); close(); state('wait', 'Paused'); } else open();
});
document.addEventListener('visibilitychange', () => document.hidden ? close() : open());
new ResizeObserver(() => {
  if (now.snapshot) {
    drawPicture(now.snapshot);
    charts.forEach(chart => chart.draw());
    drawRows();
  }
}).observe(document.querySelector('main'));
open();
