@NullMarked
package io.inpod.examples.ztunnel.traffic;

import org.jspecify.annotations.NullMarked;
