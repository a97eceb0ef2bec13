// @ts-check
// A plugin of TypeDoc. A module has the name that apps import. A link that an entry does not export leads to the same
// symbol of another entry.

import { Converter, ReflectionKind } from 'typedoc';

/** @param {string} file */
function importName(file) {
  const name = file.replace(/^.*\//, '');
  // TypeDoc calls an index by its folder.
  return name === 'src' ? 'bundleseal' : `bundleseal/${name.replace('-', '/')}`;
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = importName(module.name);
    }
  });
  app.converter.addUnknownSymbolResolver((reference, from) => {
    const [first] = reference.symbolReference?.path ?? [];
    const target = from.project
      .getReflectionsByKind(ReflectionKind.Function)
      .find(({ name }) => name === first?.path);
    if (target?.parent === undefined) return undefined;
    return `/api/${target.parent.name}/functions/${target.name}.md`;
  });
}
