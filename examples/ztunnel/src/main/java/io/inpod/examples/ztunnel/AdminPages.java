package io.inpod.examples.ztunnel;

import io.inpod.examples.ztunnel.admin.Answer;
import io.inpod.examples.ztunnel.admin.Page;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** What is on the admin port, by path. */
final class AdminPages {
    private AdminPages() {}

    /** Adds to pages a list of their paths, unless one of them is at / already. */
    static Map<String, Page> of(Map<String, Page> pages) {
        Map<String, Page> all = new HashMap<>(pages);
        Answer list = Answer.of(200, Answer.HTML, list(pages));
        all.putIfAbsent("/", Page.read(request -> list));
        return Map.copyOf(all);
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
