package io.inpod.examples.ztunnel;

import io.inpod.examples.ztunnel.admin.Answer;
import io.inpod.examples.ztunnel.admin.DebugPages;
import io.inpod.examples.ztunnel.admin.LoggingPage;
import io.inpod.examples.ztunnel.admin.Page;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dump.ConfigDump;
import io.inpod.hbone.identity.CertificateStatus;
import io.inpod.examples.ztunnel.inpod.StateManager;
import io.inpod.examples.ztunnel.log.LogLevels;
import io.inpod.examples.ztunnel.mesh.Mesh;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** What is on the admin port, by path. */
final class AdminPages {
    private AdminPages() {}

    static Map<String, Page> of(ProxyConfig config, LogLevels levels, Supplier<Mesh> mesh, Supplier<List<CertificateStatus>> certificates,
            StateManager pods, Function<Map<String, Page>, Map<String, Page>> dashboard, Runnable end) {
        Map<String, Page> pages = new HashMap<>(DebugPages.all());
        pages.put("/quitquitquit", Page.act(request -> {
            end.run();
            return Answer.text(200, "shutdown now\n");
        }));
        pages.put("/config_dump", Page.read(request -> new Answer.Streamed(Answer.JSON,
                new ConfigDump(config, mesh.get(), certificates.get(), pods.pods()))));
        pages.put("/logging", LoggingPage.of(levels));
        pages.putAll(dashboard.apply(Map.copyOf(pages)));
        return Map.copyOf(pages);
    }
}
