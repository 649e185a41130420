/** The style sheet of the page: a phone first, both colour schemes, and paper. Contrast is AA in each. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1b1f24; --soft: #545d68; --line: #d3d8de; --raised: #f4f6f8;
  --bad: #b3261e; --bad-page: #fdecea; --good: #17653a; --good-page: #e8f5ec; --wait: #7a4b00; --wait-page: #fff4dc;
  --s0: #0b5cad; --s1: #a84300; --s2: #1a7346; --s3: #7a3e9d; --s4: #9c2350; --s5: #5b6470;
}
@media (prefers-color-scheme: dark) { :root {
  --page: #14171c; --ink: #e8ebef; --soft: #a7b0bb; --line: #3a424c; --raised: #1e232a;
  --bad: #ff9a91; --bad-page: #3a1a19; --good: #7bd9a1; --good-page: #14301f; --wait: #ffcf7a; --wait-page: #33270e;
  --s0: #6cb2ff; --s1: #ffa45c; --s2: #5fd39a; --s3: #cfa0f0; --s4: #ff8fb4; --s5: #a5afbd;
} }
@media print { :root {
  color-scheme: light;
  --page: #ffffff; --ink: #000000; --soft: #444444; --line: #bbbbbb; --raised: #ffffff;
  --bad: #b3261e; --bad-page: #ffffff; --good: #17653a; --good-page: #ffffff; --wait: #7a4b00; --wait-page: #ffffff;
  --s0: #0b5cad; --s1: #a84300; --s2: #1a7346; --s3: #7a3e9d; --s4: #9c2350; --s5: #5b6470;
} }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1120px; background: var(--page); color: var(--ink);
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 36px 0 10px; }
h3 { font-size: 1.05rem; margin: 0; }
h3 code { font-size: 1em; }
p { margin: 6px 0; }
code { font: 0.88em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.sample { margin: 0 0 12px; padding: 8px 12px; border: 2px dashed var(--wait); color: var(--wait); font-weight: 600; }
.verdict { display: flex; gap: 16px; align-items: center; padding: 16px 20px; border-left: 8px solid; border-radius: 6px; }
.verdict h1 { font-size: 1.3rem; line-height: 1.3; margin: 0; color: var(--ink); }
.verdict .big { font-size: 3.5rem; font-weight: 700; line-height: 1; margin: 0; white-space: nowrap; color: inherit; }
.verdict div p { color: var(--ink); }
.bad { background: var(--bad-page); color: var(--bad); border-color: var(--bad); }
.good { background: var(--good-page); color: var(--good); border-color: var(--good); }
.unsure { background: var(--wait-page); color: var(--wait); border-color: var(--wait); }
.warnings { margin: 12px 0 0; padding: 10px 14px 10px 34px; background: var(--wait-page); border-radius: 6px; }
.heading { margin: 8px 0 0; color: var(--soft); font-size: 0.9375rem; }
a { color: var(--s0); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px; margin: 14px 0 0; }
.tiles div { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; }
.tiles dt { color: var(--soft); font-size: 0.875rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: normal; }
.tiles dd small { display: block; font-size: 0.8125rem; font-weight: 400; color: var(--soft); }
.group { border: 1px solid var(--line); border-radius: 6px; padding: 12px 14px; margin: 12px 0; break-inside: avoid-page; }
.todo { border-left: 4px solid var(--s0); padding: 2px 0 2px 10px; margin: 8px 0 10px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--soft); font-size: 0.875rem; font-weight: 600; overflow-wrap: normal; }
tbody th { font-weight: 400; }
td { overflow-wrap: break-word; }
td code { overflow-wrap: anywhere; }
th.number, td.number { text-align: right; padding-right: 28px; }
.late { color: var(--wait); font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)); gap: 20px; align-items: start; }
figure { margin: 0; padding: 12px 14px; border: 1px solid var(--line); border-radius: 6px; break-inside: avoid; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 8px; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 11.5px; font-family: inherit; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; }
.hatch { stroke: var(--page); stroke-width: 1.4; fill: none; }
.patterns { position: absolute; width: 0; height: 0; }
.series-0 { fill: var(--s0); } .series-1 { fill: var(--s1); } .series-2 { fill: var(--s2); }
.series-3 { fill: var(--s3); } .series-4 { fill: var(--s4); } .series-5 { fill: var(--s5); }
.legend { list-style: none; margin: 8px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 0.9375rem; }
.swatch { width: 18px; height: 18px; vertical-align: -4px; margin-right: 4px; }
.note, footer { color: var(--soft); font-size: 0.875rem; }
details { margin-top: 8px; font-size: 0.9375rem; }
summary { cursor: pointer; color: var(--soft); padding: 6px 0; }
details > table { display: block; max-height: 320px; overflow: auto; }
footer { margin-top: 36px; border-top: 1px solid var(--line); padding-top: 10px; }
footer ul { margin: 6px 0; padding-left: 20px; }
@media (max-width: 640px) {
  .verdict { flex-direction: column; align-items: start; gap: 6px; padding: 14px; }
  .verdict .big { font-size: 2.75rem; }
  .verdict h1 { font-size: 1.125rem; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); }
  .tiles div { padding: 6px 10px; }
  th code { font-size: 0.82em; }
  .tiles dd { font-size: 1.0625rem; }
  svg text { font-size: 14px; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody { display: block; }
  tr { display: flex; flex-wrap: wrap; gap: 0 16px; padding: 8px 0; border-bottom: 1px solid var(--line); }
  tbody tr:last-child { border-bottom: 0; }
  tbody th { flex: 1 0 100%; }
  th, td, td.number { border: 0; padding: 1px 0; text-align: left; }
  td::before { content: attr(data-title) " "; color: var(--soft); font-size: 0.875rem; }
}
@media print {
  body { font-size: 9pt; padding: 0; max-width: none; }
  .plots { grid-template-columns: 1fr 1fr; }
  details { display: none; }
  th, td { padding-right: 10px; }
  th code { font-size: 0.82em; }
  .verdict { border: 2px solid; border-left-width: 8px; }
}
`;
