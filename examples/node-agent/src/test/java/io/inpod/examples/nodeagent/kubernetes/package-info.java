@NullMarked
package io.inpod.examples.nodeagent.kubernetes;

import org.jspecify.annotations.NullMarked;
