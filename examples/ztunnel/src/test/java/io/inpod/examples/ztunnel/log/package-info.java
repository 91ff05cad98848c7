@NullMarked
package io.inpod.examples.ztunnel.log;

import org.jspecify.annotations.NullMarked;
