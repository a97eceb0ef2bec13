// The default theme with fonts of the system: none has to be downloaded.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './site.css';

export default DefaultTheme;
