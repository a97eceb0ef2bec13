// Resolves a name in a script, if nothing else in the file can change its value.
//
// It does not model scopes. It follows a name only if the file declares it once, and if no other use can change the
// value in any scope.

import { spend } from './budget.ts';
import {
  childrenOf,
  type Expression,
  type Identifier,
  isNode,
  lineAndColumn,
  type MemberExpression,
  type Node,
  nameOf,
  type Unsure,
} from './syntax.ts';

/** An identifier and its enclosing nodes, from the nearest one to the file. */
interface Use {
  readonly node: Node;
  readonly around: Iterable<Node>;
  readonly parent: Node | undefined;
}

/** An index of a tree, built once. Without it, following each name would search the whole tree. */
interface Index {
  readonly identifiers: ReadonlyMap<string, readonly Node[]>;
  readonly parents: ReadonlyMap<Node, Node>;
}

const indexes = new WeakMap<Node, Index>();

// TypeScript's own nodes that contain values. In all others, names are names of types.
const WITH_VALUES =
  /^TS(As|Satisfies|NonNull|Instantiation)Expression$|^TS(TypeAssertion|ExportAssignment|ImportEqualsDeclaration|ParameterProperty)$|^TS(Enum|Module)/;

/** Within these nodes, a declaration runs at most once, and before the code after it. */
const PLAIN =
  /^(Program|ExportNamedDeclaration|VariableDeclaration|BlockStatement|ExportDefaultDeclaration|ArrowFunctionExpression|FunctionExpression|FunctionDeclaration|CallExpression|AwaitExpression|AssignmentExpression|ExpressionStatement)$/;

const ASSIGNED_TO: Readonly<Record<string, string>> = {
  AssignmentExpression: 'left',
  AssignmentPattern: 'left',
  ForInStatement: 'left',
  ForOfStatement: 'left',
  UpdateExpression: 'argument',
  RestElement: 'argument',
  ArrayPattern: 'elements',
};

/** Returns every use of a name as a value, including its declaration. */
export function usesOf(tree: Node, name: string): Use[] {
  const { identifiers, parents } = indexOf(tree);
  const found = identifiers.get(name) ?? [];
  spend(tree, found.length + 1);
  return found.map((node) => ({
    node,
    parent: parents.get(node),
    around: { [Symbol.iterator]: () => ancestors(node, parents) },
  }));
}

function* ancestors(node: Node, parents: Index['parents']): Generator<Node> {
  for (let at = parents.get(node); at !== undefined; at = parents.get(at)) yield at;
}

function indexOf(tree: Node): Index {
  const known = indexes.get(tree);
  if (known !== undefined) return known;
  const identifiers = new Map<string, Node[]>();
  const parents = new Map<Node, Node>();
  const open: Node[] = [tree];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type.startsWith('TS') && !WITH_VALUES.test(node.type)) continue;
    if (node.type === 'Identifier' && !isLabel(node, parents.get(node))) {
      const name = String(node['name']);
      const others = identifiers.get(name);
      if (others === undefined) identifiers.set(name, [node]);
      else others.push(node);
    }
    for (const child of childrenOf(node).reverse()) {
      parents.set(child, node);
      open.push(child);
    }
  }
  const index = { identifiers, parents };
  indexes.set(tree, index);
  return index;
}

/** Whether the identifier names a member, a label or an export, and not a value. */
function isLabel(node: Node, parent: Node | undefined): boolean {
  switch (parent?.type) {
    case 'MemberExpression':
    case 'OptionalMemberExpression':
      return parent['property'] === node && parent['computed'] !== true;
    case 'ObjectProperty':
    case 'ObjectMethod':
    case 'ClassMethod':
    case 'ClassProperty':
      return parent['key'] === node && parent['computed'] !== true;
    case 'ImportSpecifier':
      return parent['imported'] === node && parent['local'] !== node;
    case 'ExportSpecifier':
      return parent['exported'] === node && parent['local'] !== node;
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return parent['label'] === node;
    default:
      return false;
  }
}

/**
 * Returns the expression to which the name `via` refers, if the member at `path` of its value cannot have changed.
 *
 * @param path - Member names from the value down; empty for the value itself.
 */
export function followName(
  text: string,
  tree: Node,
  via: Identifier,
  path: readonly string[],
): Expression | Unsure {
  const { name } = via;
  const uses = usesOf(tree, name);
  const declared = uses.filter(
    ({ node, parent }) => parent?.type === 'VariableDeclarator' && parent['id'] === node,
  );
  const [declaration, another] = declared;
  if (declaration === undefined) {
    return { unsure: `${name} is not a constant of this file` };
  }
  if (another !== undefined) return { unsure: `${name} is declared more than once` };
  const [declarator, ...around] = declaration.around as Iterable<Node> & [Node];
  const init = declarator['init'];
  if (!isNode(init)) {
    return { unsure: `${name} gets its value after it is declared` };
  }
  if (around[0]?.['kind'] !== 'const' && !around.every(({ type }) => PLAIN.test(type))) {
    return { unsure: `${name} is declared on a condition` };
  }
  for (const use of uses) {
    if (use === declaration || use.node.start === via.start || isHarmless(use, path)) continue;
    const where = lineAndColumn(text, use.node.start);
    return { unsure: `${name} is also used at ${where}, where its value may change` };
  }
  return init as unknown as Expression;
}

/** Whether a use cannot change the member at `path`. */
function isHarmless({ node, around }: Use, path: readonly string[]): boolean {
  let top = node;
  let depth = 0;
  const parents = [...around];
  for (const [i, parent] of parents.entries()) {
    if (isAccess(parent) && (parent.object as unknown as Node) === top) {
      const name = nameOf(parent.property, parent.computed);
      // The use concerns another member, which has no effect on this one.
      if (depth < path.length && name !== undefined && name !== path[depth]) return true;
      depth += 1;
    } else if (parent['expression'] !== top || !parent.type.startsWith('TS')) {
      if (isShown(top, parent)) return true;
      // Reading a primitive value is harmless. Any code that gets an object may change it.
      return depth >= path.length && !isWritten(top, parent, parents[i + 1]);
    }
    top = parent;
  }
  return false;
}

function isAccess(node: Node): node is Node & MemberExpression {
  return node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression';
}

/** Whether this use sets a value, by an assignment or by another declaration of the same name. */
function isWritten(node: Node, parent: Node, above: Node | undefined): boolean {
  const field = ASSIGNED_TO[parent.type];
  if (field !== undefined) return [parent[field]].flat().includes(node);
  if (parent.type === 'UnaryExpression') return parent['operator'] === 'delete';
  if (parent.type === 'ObjectProperty') return above?.type === 'ObjectPattern';
  if (/^(Import|Catch|Class|TSEnum|TSModule|TSImport)/.test(parent.type)) return true;
  return [parent['params'], parent['id']].flat().includes(node);
}

/** Whether the value is only printed or exported. */
function isShown(node: Node, parent: Node): boolean {
  if (parent.type === 'ExportSpecifier') return true;
  if (parent.type !== 'CallExpression' || parent['callee'] === node) return false;
  const callee = parent['callee'] as Node;
  return isAccess(callee) && nameOf(callee.object, false) === 'console';
}
