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
import java.util.TreeMap;
import java.util.function.Supplier;

/** What is on the admin port, by path. */
final class AdminPages {
    private AdminPages() {}

    static Map<String, Page> of(ProxyConfig config, LogLevels levels, Supplier<Mesh> mesh, Supplier<List<CertificateStatus>> certificates,
            StateManager pods, Runnable end) {
        Map<String, Page> pages = new HashMap<>(DebugPages.all());
        pages.put("/quitquitquit", Page.act(request -> {
            end.run();
            return Answer.text(200, "shutdown now\n");
        }));
        pages.put("/config_dump", Page.read(request -> new Answer.Streamed(Answer.JSON,
                new ConfigDump(config, mesh.get(), certificates.get(), pods.pods()))));
        pages.put("/logging", LoggingPage.of(levels));
        Answer list = Answer.of(200, Answer.HTML, list(pages));
        pages.put("/", Page.read(request -> list));
        return Map.copyOf(pages);
    }

    private static String list(Map<String, Page> pages) {
        StringBuilder html = new StringBuilder("<!doctype html><title>ztunnel</title><h1>ztunnel</h1><ul>\n");
        new TreeMap<>(pages).forEach((path, page) -> {
            html.append("<li>").append(page.get() == null ? path : "<a href=\"" + path + "\">" + path + "</a>");
            html.append(page.post() == null ? "\n" : " (POST)\n");
        });
        return html.append("</ul>\n").toString();
    }
}
