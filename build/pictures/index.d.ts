export const PICTURES: Readonly<Record<string, { readonly alt: string }>>;
export function drawn(): readonly (readonly [file: string, content: string])[];
export function withTexts(page: string): string;
