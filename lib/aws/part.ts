/** A parameter's name and value; several parts where a value is split over parameters. */
export interface Part {
  readonly name: string;
  readonly value: string;
}

/** The number at the end of a part's name. */
export const partNumber = ({ name }: Part): number => Number(name.slice(name.lastIndexOf('/') + 1));
