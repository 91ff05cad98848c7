@NullMarked
package io.inpod.examples.cluster;

import org.jspecify.annotations.NullMarked;
