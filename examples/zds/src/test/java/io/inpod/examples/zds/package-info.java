@NullMarked
package io.inpod.examples.zds;

import org.jspecify.annotations.NullMarked;
