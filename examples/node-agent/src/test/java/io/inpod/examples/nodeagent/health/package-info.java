@NullMarked
package io.inpod.examples.nodeagent.health;

import org.jspecify.annotations.NullMarked;
