declare module '*?thread' {
  /** A script that calls the module's `main`: see build/inline-worker.js. */
  const code: string;
  export default code;
}

declare module '*?raw' {
  /** The text of the file. */
  const text: string;
  export default text;
}
