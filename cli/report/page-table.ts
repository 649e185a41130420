import { html, type Markup } from './markup.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Markup | string;
  readonly isNumber?: boolean;
}

/**
 * A table whose first column names the row. The roles are spelt out because a phone shows the rows as
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
<tr role="row">${columns.map(({ cell, isNumber, title }, index) =>
    index === 0
      ? html`<th role="rowheader" scope="row">${cell(row)}</th>`
      : html`<td role="cell" data-title="${title}"${classOf(isNumber)}>${cell(row)}</td>`,
  )}</tr>`;
}

function classOf(isNumber = false): Markup {
  return isNumber ? html` class="number"` : html``;
}
