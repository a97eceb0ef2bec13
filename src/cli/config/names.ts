// What a name in a script stands for, as long as nothing else in the file can change it.
//
// Scopes are not modelled: a name is followed only if the file declares it once, and every other use of it is
// one that can't matter, whichever scope it is in.

import {
  childrenOf,
  type Expression,
  type Identifier,
  isNode,
  type MemberExpression,
  type Node,
  nameOf,
  placeOf,
  type Unsure,
} from './syntax.ts';
import { spend } from './work.ts';

/** An identifier and the nodes that it lies in, from the nearest up to the file's. */
interface Use {
  readonly node: Node;
  readonly around: Iterable<Node>;
  readonly parent: Node | undefined;
}

/** Of a tree, made once: without it every name that is followed would cost a look at the whole tree. */
interface Index {
  readonly identifiers: ReadonlyMap<string, readonly Node[]>;
  readonly parents: ReadonlyMap<Node, Node>;
}

const indexes = new WeakMap<Node, Index>();

// Of TypeScript's own nodes those that hold values; in all others names are names of types.
const WITH_VALUES =
  /^TS(As|Satisfies|NonNull|Instantiation)Expression$|^TS(TypeAssertion|ExportAssignment|ImportEqualsDeclaration|ParameterProperty)$|^TS(Enum|Module)/;

/** Under these a declaration is made at most once, and before what comes after it. */
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

/** Every use of a name as a value, its declaration included. */
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

/** Whether it names a member, a label or an export, and no value. */
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
 * The expression that `via` stands for, if the member at `path` of its value is what that expression says.
 *
 * @param path - Names of members from the value down; empty for the value itself.
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
    const where = placeOf(text, use.node.start);
    return { unsure: `${name} is also used at ${where}, which may change it` };
  }
  return init as unknown as Expression;
}

/** Whether a use leaves the member at `path` what it is. */
function isHarmless({ node, around }: Use, path: readonly string[]): boolean {
  let top = node;
  let depth = 0;
  const parents = [...around];
  for (const [i, parent] of parents.entries()) {
    if (isAccess(parent) && (parent.object as unknown as Node) === top) {
      const name = nameOf(parent.property, parent.computed);
      // Another member: nothing that is done to it can matter.
      if (depth < path.length && name !== undefined && name !== path[depth]) return true;
      depth += 1;
    } else if (parent['expression'] !== top || !parent.type.startsWith('TS')) {
      if (isShown(top, parent)) return true;
      // A plain value can be read by whom it may; an object can be changed by whoever gets hold of it.
      return depth >= path.length && !isWritten(top, parent, parents[i + 1]);
    }
    top = parent;
  }
  return false;
}

function isAccess(node: Node): node is Node & MemberExpression {
  return node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression';
}

/** Whether it gets a value here, by an assignment or as another declaration of the same name. */
function isWritten(node: Node, parent: Node, above: Node | undefined): boolean {
  const field = ASSIGNED_TO[parent.type];
  if (field !== undefined) return [parent[field]].flat().includes(node);
  if (parent.type === 'UnaryExpression') return parent['operator'] === 'delete';
  if (parent.type === 'ObjectProperty') return above?.type === 'ObjectPattern';
  if (/^(Import|Catch|Class|TSEnum|TSModule|TSImport)/.test(parent.type)) return true;
  return [parent['params'], parent['id']].flat().includes(node);
}

/** Printed or exported. */
function isShown(node: Node, parent: Node): boolean {
  if (parent.type === 'ExportSpecifier') return true;
  if (parent.type !== 'CallExpression' || parent['callee'] === node) return false;
  const callee = parent['callee'] as Node;
  return isAccess(callee) && nameOf(callee.object, false) === 'console';
}
