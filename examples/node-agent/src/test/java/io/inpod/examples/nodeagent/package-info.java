@NullMarked
package io.inpod.examples.nodeagent;

import org.jspecify.annotations.NullMarked;
