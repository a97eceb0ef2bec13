export function generateFixedPairs(): void;
export function generateRandomPairs(): void;
