/** Tests of the rules for all modules: permitted imports, the size of packages, and what libraries must not do. */
@NullMarked
package io.inpod.architecture;

import org.jspecify.annotations.NullMarked;
