@NullMarked
package io.inpod.examples.ztunnel;

import org.jspecify.annotations.NullMarked;
