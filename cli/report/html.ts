/** HTML or SVG that is safe to put into a page. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | undefined | readonly Part[];

/** Markup from a template. Interpolated text is escaped, interpolated markup is not. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return {
    markup: texts.map((text, index) => `${text}${render(parts[index])}`).join(''),
  };
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeText(String(part));
  return 'markup' in part ? part.markup : part.map(render).join('');
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The content as a link; without an address as it is. */
export function link(href: string | undefined, content: Markup): Markup {
  return href === undefined ? content : html`<a href="${href}" rel="noreferrer">${content}</a>`;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly isNumber?: boolean;
  /** How the page shows the text of a cell. @default as it is */
  readonly mark?: (text: string, row: Row) => Markup;
}

/**
 * A table whose first column names the row. It spells out the roles because a phone shows the rows as
 * blocks, and browsers then forget that it is a table.
 */
export function drawTable<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Markup {
  return html`<table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(
    ({ isNumber, title }) =>
      html`<th role="columnheader" scope="col"${classOf(isNumber)}>${title}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => drawRow(columns, row))}</tbody>
</table>`;
}

function drawRow<Row>(columns: readonly Column<Row>[], row: Row): Markup {
  return html`
<tr role="row">${columns.map(({ cell, isNumber, mark, title }, index) => {
    const shown = mark ? mark(cell(row), row) : cell(row);
    return index === 0
      ? html`<th role="rowheader" scope="row">${shown}</th>`
      : html`<td role="cell" data-title="${title}"${classOf(isNumber)}>${shown}</td>`;
  })}</tr>`;
}

function classOf(isNumber = false): Markup {
  return isNumber ? html` class="number"` : html``;
}
