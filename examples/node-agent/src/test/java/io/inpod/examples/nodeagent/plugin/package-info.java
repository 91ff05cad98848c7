@NullMarked
package io.inpod.examples.nodeagent.plugin;

import org.jspecify.annotations.NullMarked;
