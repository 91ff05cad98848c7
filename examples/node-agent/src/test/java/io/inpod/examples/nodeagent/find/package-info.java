@NullMarked
package io.inpod.examples.nodeagent.find;

import org.jspecify.annotations.NullMarked;
