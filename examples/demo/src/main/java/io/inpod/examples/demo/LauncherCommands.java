package io.inpod.examples.demo;

import java.util.List;

/** The programs as a user calls them. */
record LauncherCommands(String launcher) implements MeshNode.Commands {
    @Override
    public List<String> agent() {
        return List.of(launcher, "agent");
    }

    @Override
    public List<String> ztunnel() {
        return List.of(launcher, "ztunnel");
    }
}
