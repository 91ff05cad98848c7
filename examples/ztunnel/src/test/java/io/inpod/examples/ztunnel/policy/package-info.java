@NullMarked
package io.inpod.examples.ztunnel.policy;

import org.jspecify.annotations.NullMarked;
