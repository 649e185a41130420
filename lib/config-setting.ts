import type * as v from 'valibot';

/** How the text of a variable becomes a value. */
export interface Form<T> {
  /** What the text must look like, to be read after "set". */
  readonly values: string;
  readonly schema: v.GenericSchema<string, T>;
  /** For an endpoint: whether it is in a known cloud, or in one of CLOUD_DOMAINS. The schema gets no other text. */
  accepts?(text: string, furtherDomains: readonly string[]): boolean;
}

interface About {
  /** What it is for, in Markdown: a cell of docs/configuration.md. */
  readonly meaning: string;
  readonly required?: true;
  readonly default?: string;
  /** Why to leave it unset, to be read after "or unset it to". */
  readonly unset?: string;
}

/** One environment variable. */
export interface Setting<T> extends About {
  readonly variable: string;
  readonly form: Form<T>;
}

type Given = About & ({ readonly required: true } | { readonly default: string });

export function setting<T>(variable: string, form: Form<T>, about: Given): Setting<T>;
export function setting<T>(variable: string, form: Form<T>, about: About): Setting<T | undefined>;
export function setting<T>(variable: string, form: Form<T>, about: About): Setting<T> {
  return { variable, form, ...about };
}

/** What a variable can be set to, to be read after "set": for its error, and for docs/configuration.md. */
export function valuesOf({ form, unset }: Setting<unknown>): string {
  return unset ? `${form.values}, or unset it to ${unset}` : form.values;
}
