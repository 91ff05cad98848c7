package io.inpod.examples.rules;

import picocli.CommandLine.IVersionProvider;

/** The version that the commands of this module, and those of the node agent, print for {@code --version}. */
public final class Version implements IVersionProvider {
    /** For picocli. */
    public Version() {}

    @Override
    public String[] getVersion() {
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {"inpod " + (version == null ? "(not packaged)" : version)};
    }
}
