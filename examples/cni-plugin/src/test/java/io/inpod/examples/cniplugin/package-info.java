@NullMarked
package io.inpod.examples.cniplugin;

import org.jspecify.annotations.NullMarked;
