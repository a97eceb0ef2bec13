// Finds the names of the tests in a test file, without running it.

import ts from 'typescript';

/** Calls such as `it('name', …)`, `describe.each(table)('name', …)` and `it.skipIf(condition)('name', …)`. */
const CALLS: readonly string[] = ['describe', 'it', 'test'];

/**
 * Lists the full names of all tests in a source: the names of the groups and of the test, joined by ` > ` as Vitest prints them. Names
 * that Vitest fills in keep their placeholders, such as `%s` and `$name`.
 */
export function testNames(source: string): readonly string[] {
  const file = ts.createSourceFile('test.ts', source, ts.ScriptTarget.Latest, true);
  const names: string[] = [];
  const visit = (node: ts.Node, groups: readonly string[]): void => {
    const call = ts.isCallExpression(node) ? namedCall(node) : undefined;
    const inner = call === undefined ? groups : [...groups, call.name];
    if (call?.isTest === true) names.push(inner.join(' > '));
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(file, []);
  return names;
}

function namedCall(
  call: ts.CallExpression,
): { readonly name: string; readonly isTest: boolean } | undefined {
  const [first] = call.arguments;
  let callee: ts.Expression = call.expression;
  while (!ts.isIdentifier(callee)) {
    if (!ts.isPropertyAccessExpression(callee) && !ts.isCallExpression(callee)) return undefined;
    callee = callee.expression;
  }
  if (first === undefined || !CALLS.includes(callee.text)) return undefined;
  const isTest = callee.text !== 'describe';
  if (ts.isStringLiteralLike(first)) return { name: first.text, isTest };
  // A template with expressions: the text between its backticks.
  return ts.isTemplateExpression(first)
    ? { name: first.getText().slice(1, -1), isTest }
    : undefined;
}
