@NullMarked
package io.inpod.examples.ztunnel.dump;

import org.jspecify.annotations.NullMarked;
