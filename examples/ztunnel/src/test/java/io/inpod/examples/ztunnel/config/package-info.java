@NullMarked
package io.inpod.examples.ztunnel.config;

import org.jspecify.annotations.NullMarked;
