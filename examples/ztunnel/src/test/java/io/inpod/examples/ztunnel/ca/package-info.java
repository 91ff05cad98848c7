@NullMarked
package io.inpod.examples.ztunnel.ca;

import org.jspecify.annotations.NullMarked;
