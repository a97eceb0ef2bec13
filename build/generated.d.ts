export function withBlock(page: string, name: string, text: string): string;
export function writeBlock(file: URL, name: string, text: string): void;
