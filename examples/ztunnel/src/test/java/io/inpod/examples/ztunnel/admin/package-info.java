@NullMarked
package io.inpod.examples.ztunnel.admin;

import org.jspecify.annotations.NullMarked;
