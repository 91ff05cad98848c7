package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.zds.ZdsServer;
import java.util.concurrent.Executor;

/**
 * What enrolments and removals work with.
 *
 * @param workers runs what blocks
 */
record Parts(ZdsServer proxies, InstalledRedirections installed, Ledger ledger, ProbeSet probes, NamespaceOwners owners,
        NamespaceLocator locator, Departures departures, FailedEnrolment policy, Executor workers, StepListener listener) {}
