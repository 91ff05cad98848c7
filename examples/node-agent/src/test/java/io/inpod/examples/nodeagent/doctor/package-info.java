@NullMarked
package io.inpod.examples.nodeagent.doctor;

import org.jspecify.annotations.NullMarked;
