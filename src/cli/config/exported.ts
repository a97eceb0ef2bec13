// Finds the expression that a config file exports.

import { usesOf } from './names.ts';
import {
  type Config,
  type Expression,
  isNode,
  lineAndColumn,
  type MemberExpression,
  type Node,
  nameOf,
  type Unsure,
} from './syntax.ts';

interface Export {
  readonly value: Expression;
  /** The target of the assignment in CommonJS. */
  readonly target?: Node;
}

/** Returns the exported expression. For JSON, returns the whole value. */
export function exportedBy({ text, tree, language }: Config): Expression | Unsure {
  if (language === 'json') return tree as unknown as Expression;
  const found = (tree['body'] as Node[]).flatMap(exportsOf);
  const [only, another] = found;
  if (only === undefined) return { unsure: 'it has no default export' };
  if (another !== undefined) return { unsure: 'it exports more than one config' };
  if (only.target !== undefined) {
    const { start, end } = only.target;
    const other = ['module', 'exports']
      .flatMap((name) => usesOf(tree, name))
      .find(({ node, parent }) => (node.start < start || node.end > end) && !isMark(parent));
    if (other !== undefined) {
      return { unsure: `its export may be changed at ${lineAndColumn(text, other.node.start)}` };
    }
  }
  return only.value;
}

function exportsOf(statement: Node): Export[] {
  switch (statement.type) {
    case 'ExportDefaultDeclaration':
      return [{ value: statement['declaration'] as Expression }];
    case 'TSExportAssignment':
      return [{ value: statement['expression'] as Expression }];
    case 'ExportNamedDeclaration': {
      if (isNode(statement['source'])) return [];
      const specifiers = statement['specifiers'] as unknown as Record<string, Expression>[];
      return specifiers
        .filter(({ exported }) => nameOf(exported as Expression, false) === 'default')
        .map(({ local }) => ({ value: local as Expression }));
    }
    case 'ExpressionStatement':
      return assignedBy(statement['expression'] as Node);
    default:
      return [];
  }
}

/** Returns the value of `module.exports = …` and similar assignments. */
function assignedBy(expression: Node): Export[] {
  if (expression.type !== 'AssignmentExpression' || expression['operator'] !== '=') return [];
  const target = expression['left'] as Node;
  if (!/^(module\.exports|(module\.)?exports\.default)$/.test(dotted(target))) return [];
  return [{ value: expression['right'] as Expression, target }];
}

function dotted(node: Node): string {
  if (node.type === 'Identifier') return String(node['name']);
  if (node.type !== 'MemberExpression') return '';
  const { object, property, computed } = node as Node & MemberExpression;
  return `${dotted(object as unknown as Node)}.${nameOf(property, computed) ?? ''}`;
}

/** Whether the export only marks the file as a compiled module (`__esModule`). */
function isMark(parent: Node | undefined): boolean {
  if (parent?.type === 'CallExpression') {
    const [, name] = parent['arguments'] as Expression[];
    const callee = dotted(parent['callee'] as Node);
    return (
      callee === 'Object.defineProperty' &&
      name !== undefined &&
      nameOf(name, true) === '__esModule'
    );
  }
  return parent !== undefined && dotted(parent) === 'exports.__esModule';
}
