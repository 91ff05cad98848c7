/** Two pods, redirect rules, a node agent and a ztunnel: one request from pod A to pod B, with evidence of what happened to it. */
@NullMarked
package io.inpod.examples.demo;

import org.jspecify.annotations.NullMarked;
