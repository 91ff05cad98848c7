@NullMarked
package io.inpod.examples.ztunnel.live;

import org.jspecify.annotations.NullMarked;
