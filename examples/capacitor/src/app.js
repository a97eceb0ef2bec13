/** The app itself: it shows its version. */
export function showApp() {
  document.querySelector('main').textContent = 'version 1';
}
