/** Tests of the native layer. */
package io.inpod.netns.internal;
