@NullMarked
package io.inpod.examples.nodeagent.host;

import org.jspecify.annotations.NullMarked;
