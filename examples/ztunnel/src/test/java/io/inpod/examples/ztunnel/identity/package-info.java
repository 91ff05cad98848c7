@NullMarked
package io.inpod.examples.ztunnel.identity;

import org.jspecify.annotations.NullMarked;
