@NullMarked
package io.inpod.examples.nodeagent.install;

import org.jspecify.annotations.NullMarked;
