export function dependencies(): string;
