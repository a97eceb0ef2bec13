export declare function edges(): string;
export declare function dump(): string;
