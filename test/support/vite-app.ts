// A new Vite app, as `npm create vite` makes it of the template "vanilla", with a shorter page.

export const VITE_APP: Readonly<Record<string, string>> = {
  'package.json': `{
  "name": "my-app",
  "version": "0.0.0",
  "private": true,
  "type": "module",
  "scripts": {
    "dev": "vite",
    "build": "vite build",
    "preview": "vite preview"
  },
  "devDependencies": {
    "vite": "^8.3.4"
  }
}
`,
  'index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1.0" />
    <title>my-app</title>
  </head>
  <body>
    <div id="app"></div>
    <script type="module" src="/src/main.js"></script>
  </body>
</html>
`,
  '.gitignore': `# Logs
logs
*.log
npm-debug.log*
yarn-debug.log*
yarn-error.log*
pnpm-debug.log*
lerna-debug.log*

node_modules
dist
dist-ssr
*.local

# Editor directories and files
.vscode/*
!.vscode/extensions.json
.idea
.DS_Store
*.suo
*.ntvs*
*.njsproj
*.sln
*.sw?
`,
  'src/main.js': `import './style.css'
import { setupCounter } from './counter.js'

document.querySelector('#app').innerHTML = \`
<section id="center">
  <div>
    <h1>Get started</h1>
    <p>Edit <code>src/main.js</code> and save</p>
  </div>
  <button id="counter" type="button" class="counter"></button>
</section>
\`

setupCounter(document.querySelector('#counter'))
`,
  'src/counter.js': `export function setupCounter(element) {
  let counter = 0
  const setCounter = (count) => {
    counter = count
    element.innerHTML = \`Count is \${counter}\`
  }
  element.addEventListener('click', () => setCounter(counter + 1))
  setCounter(0)
}
`,
  'src/style.css': `h1 { font-size: 2em }
`,
};
