<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name></name>
    <message>
        <source> Did you mean {names}?</source>
        <comment>another sentence stands before</comment>
        <translation>是否想用 {names}？</translation>
    </message>
    <message>
        <source> For published weights add their tag, such as {model}.</source>
        <comment>another sentence stands before</comment>
        <translation>如果是已发布的权重，请加上其标签，例如 {model}。</translation>
    </message>
    <message>
        <source> The nearest is {arch}, but {what}.</source>
        <comment>another sentence stands before</comment>
        <translation>最接近的是 {arch}，但{what}。</translation>
    </message>
    <message>
        <source> or </source>
        <comment>between names</comment>
        <translation> 或 </translation>
    </message>
    <message numerus="yes">
        <source>%n copies</source>
        <comment>the same file content</comment>
        <translation>
            <numerusform>%n 份副本</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n core(s)</source>
        <translation>
            <numerusform>%n 个核心</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s) ago</source>
        <translation>
            <numerusform>%n 天前</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read</source>
        <translation>
            <numerusform>%n 个文件无法读取</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) forgotten. Nothing on your disk was touched.</source>
        <translation>
            <numerusform>已移除 %n 个文件的记录。磁盘上的文件没有任何改动。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) forgotten. The files themselves were not touched.</source>
        <translation>
            <numerusform>已移除 %n 个文件的记录。文件本身没有任何改动。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s) ago</source>
        <translation>
            <numerusform>%n 小时前</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s) ago</source>
        <translation>
            <numerusform>%n 分钟前</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n 张图片</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) and page(s)</source>
        <translation>
            <numerusform>%n 张图片和页面</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) and page(s) are indexed with {model} now; until that is done, searching goes on as before.</source>
        <translation>
            <numerusform>现在用 {model} 为 %n 张图片和页面建立索引；在完成之前，搜索照常进行。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n result(s)</source>
        <translation>
            <numerusform>%n 个结果</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Copy report</source>
        <translation>复制报告(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>编辑(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;Exclude, one per line</source>
        <translation>要排除的内容，每行一项(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;More options</source>
        <translation>更多选项(&amp;M)</translation>
    </message>
    <message>
        <source>Include &amp;only, one per line</source>
        <translation>仅包含的内容，每行一项(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>重试(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;What to include</source>
        <translation>包含的内容(&amp;W)</translation>
    </message>
    <message>
        <source>(offline)</source>
        <translation>（离线）</translation>
    </message>
    <message>
        <source>(words)</source>
        <translation>（文字）</translation>
    </message>
    <message>
        <source>* matches anything in a name, ** any number of folders; end with / to match folders only. Hidden files and folders are always excluded.</source>
        <translation>* 匹配名称中的任意字符，** 匹配任意层文件夹，以 / 结尾则只匹配文件夹。隐藏的文件和文件夹始终排除。</translation>
    </message>
    <message>
        <source>, </source>
        <comment>between names</comment>
        <translation>、</translation>
    </message>
    <message>
        <source>, </source>
        <comment>between the parts of a list</comment>
        <translation>，</translation>
    </message>
    <message>
        <source>, and {count} more</source>
        <comment>after one example</comment>
        <translation>，以及另外 {count} 处</translation>
    </message>
    <message>
        <source>-0 says how paths end, so it goes with --paths.</source>
        <translation>-0 规定路径如何结尾，需要与 --paths 一起使用。</translation>
    </message>
    <message>
        <source>; </source>
        <comment>between choices</comment>
        <translation>；</translation>
    </message>
    <message>
        <source>; </source>
        <comment>between the parts of a list</comment>
        <translation>；</translation>
    </message>
    <message>
        <source>A weights file (.safetensors, or .pt from OpenAI or open_clip), or a folder with weights and open_clip_config.json. The model is recognised automatically. imagefinder keeps a copy; the original isn&apos;t changed.</source>
        <translation>权重文件（.safetensors，或 OpenAI、open_clip 的 .pt），或含有权重和 open_clip_config.json 的文件夹。会自动识别模型并保存一份副本，原文件不会改动。</translation>
    </message>
    <message>
        <source>A file with a model&apos;s weights</source>
        <translation>模型的权重文件</translation>
    </message>
    <message>
        <source>Choose a library folder</source>
        <translation>选择资料库文件夹</translation>
    </message>
    <message>
        <source>A folder with a model</source>
        <translation>含有模型的文件夹</translation>
    </message>
    <message>
        <source>A hit&apos;s score lies between -1 and 1, so it cannot be at least {score}.</source>
        <translation>结果的得分在 -1 和 1 之间，因此不可能达到 {score}。</translation>
    </message>
    <message>
        <source>Download a larger model to find more</source>
        <translation>下载更大的模型，能找到更多</translation>
    </message>
    <message>
        <source>A picture of the query is not in the library any more. Take it out of the query, and search again.</source>
        <translation>搜索条件中的一张图片已不在资料库中。请去掉它再搜索。</translation>
    </message>
    <message>
        <source>Enter only a server and a port, such as http://proxy.example:8080.</source>
        <translation>只需填写服务器和端口，例如 http://proxy.example:8080。</translation>
    </message>
    <message>
        <source>A search cannot give {limit} hits; ask for 1 or more.</source>
        <translation>搜索无法给出 {limit} 个结果；请要求 1 个或更多。</translation>
    </message>
    <message>
        <source>A search can use up to {most} pictures. The others were left out.</source>
        <translation>一次搜索最多使用 {most} 张图片，其余已略过。</translation>
    </message>
    <message>
        <source>About imagefinder</source>
        <translation>关于 imagefinder</translation>
    </message>
    <message>
        <source>About this picture</source>
        <translation>图片信息</translation>
    </message>
    <message>
        <source>About {model}</source>
        <translation>关于 {model}</translation>
    </message>
    <message>
        <source>Add</source>
        <translation>添加</translation>
    </message>
    <message>
        <source>Add a folder</source>
        <translation>添加文件夹</translation>
    </message>
    <message>
        <source>Add a folder to the library (Ctrl+O)</source>
        <translation>将文件夹添加到资料库 (Ctrl+O)</translation>
    </message>
    <message>
        <source>Search by picture…</source>
        <translation>以图搜图…</translation>
    </message>
    <message>
        <source>Add folder…</source>
        <translation>添加文件夹…</translation>
    </message>
    <message>
        <source>Add my Pictures folder</source>
        <translation>添加我的“图片”文件夹</translation>
    </message>
    <message>
        <source>Add pictures and PDFs</source>
        <translation>添加图片和 PDF</translation>
    </message>
    <message>
        <source>Add pictures and PDFs…</source>
        <translation>添加图片和 PDF…</translation>
    </message>
    <message>
        <source>Add to library</source>
        <translation>添加到资料库</translation>
    </message>
    <message numerus="yes">
        <source>After %n minute(s) of inactivity</source>
        <translation>
            <numerusform>闲置 %n 分钟后</numerusform>
        </translation>
    </message>
    <message>
        <source>All files</source>
        <translation>所有文件</translation>
    </message>
    <message>
        <source>Other copies</source>
        <translation>其他副本</translation>
    </message>
    <message>
        <source>Include links to this computer and the local network</source>
        <translation>包括指向本机和局域网的链接</translation>
    </message>
    <message>
        <source>The address must begin with https:// or http://.</source>
        <translation>地址必须以 https:// 或 http:// 开头。</translation>
    </message>
    <message>
        <source>The address can&apos;t contain spaces.</source>
        <translation>地址中不能有空格。</translation>
    </message>
    <message>
        <source>A mirror address can&apos;t contain ? or #.</source>
        <translation>镜像地址不能包含 ? 或 #。</translation>
    </message>
    <message>
        <source>An empty path was given. For the folder you are in, give a dot.</source>
        <translation>给出的路径是空的。要表示当前文件夹，请用一个点。</translation>
    </message>
    <message>
        <source>Each folder holds a separate library with its own folders and pictures. Nothing is moved or deleted. To return to a library, choose its folder again.</source>
        <translation>每个文件夹对应一个独立的资料库。不会移动或删除任何内容，重新选择原来的文件夹即可恢复。</translation>
    </message>
    <message>
        <source>Another imagefinder is changing the library {folder}. Wait until it is done; searching works meanwhile.</source>
        <translation>另一个 imagefinder 正在更改资料库 {folder}。请等它完成；在此期间仍可搜索。</translation>
    </message>
    <message>
        <source>Another imagefinder is indexing; searching what is indexed so far.</source>
        <translation>另一个 imagefinder 正在建立索引；现在只搜索已有的索引。</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Architecture and preprocessing are those of {config}.</source>
        <translation>架构和预处理取自 {config}。</translation>
    </message>
    <message>
        <source>Architecture of the model</source>
        <translation>模型的架构</translation>
    </message>
    <message>
        <source>Architecture, such as ViT-B-32</source>
        <translation>架构，例如 ViT-B-32</translation>
    </message>
    <message>
        <source>System default</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>System default</source>
        <comment>proxy</comment>
        <translation>使用系统代理</translation>
    </message>
    <message>
        <source>Loading…</source>
        <translation>正在加载…</translation>
    </message>
    <message>
        <source>At a time</source>
        <translation>每批</translation>
    </message>
    <message>
        <source>With the cursor at the start: remove the last picture</source>
        <translation>光标在开头时：移除最后一张图片</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>Use default folder</source>
        <translation>恢复默认文件夹</translation>
    </message>
    <message>
        <source>Calculating size…</source>
        <translation>正在计算大小…</translation>
    </message>
    <message>
        <source>Switching</source>
        <translation>切换中</translation>
    </message>
    <message>
        <source>Preparing…</source>
        <translation>正在准备…</translation>
    </message>
    <message>
        <source>Deleting…</source>
        <translation>正在删除…</translation>
    </message>
    <message>
        <source>Restarting…</source>
        <translation>正在重新启动…</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>正在停止…</translation>
    </message>
    <message>
        <source>Best match first</source>
        <translation>最匹配优先</translation>
    </message>
    <message>
        <source>Building the index…</source>
        <translation>正在构建索引…</translation>
    </message>
    <message>
        <source>Building the search index</source>
        <translation>正在构建搜索索引</translation>
    </message>
    <message>
        <source>By name</source>
        <translation>按名称</translation>
    </message>
    <message>
        <source>CLIP models need the package open_clip_torch: pip install open_clip_torch</source>
        <translation>CLIP 模型需要软件包 open_clip_torch：pip install open_clip_torch</translation>
    </message>
    <message>
        <source>Cancel the switch. Progress is kept in case you switch later.</source>
        <translation>取消切换。已建立的索引会保留，以后可继续使用。</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>相机</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Cancel the download of {model}</source>
        <translation>取消下载 {model}</translation>
    </message>
    <message>
        <source>Switch now</source>
        <translation>立即切换</translation>
    </message>
    <message>
        <source>Modified</source>
        <translation>修改时间</translation>
    </message>
    <message>
        <source>Modified {moment}</source>
        <translation>修改于 {moment}</translation>
    </message>
    <message>
        <source>Changing to</source>
        <translation>正在切换到</translation>
    </message>
    <message>
        <source>Switching to {model}</source>
        <translation>正在切换到 {model}</translation>
    </message>
    <message>
        <source>Switching to {model}</source>
        <comment>another model</comment>
        <translation>正在切换到 {model}</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>选择文件…</translation>
    </message>
    <message>
        <source>Choose a folder of pictures</source>
        <translation>选择图片文件夹</translation>
    </message>
    <message>
        <source>Choose a folder of pictures (Ctrl+O)</source>
        <translation>选择图片文件夹 (Ctrl+O)</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>选择文件夹…</translation>
    </message>
    <message>
        <source>Choose another library…</source>
        <translation>选择其他资料库…</translation>
    </message>
    <message>
        <source>You can open up to {number} pictures at once.</source>
        <translation>一次最多打开 {number} 张图片。</translation>
    </message>
    <message>
        <source>Choose weights file…</source>
        <translation>选择权重文件…</translation>
    </message>
    <message>
        <source>Clear the search (Esc)</source>
        <translation>清除搜索 (Esc)</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Close search</source>
        <translation>关闭搜索</translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation>关闭消息</translation>
    </message>
    <message>
        <source>Close this message (Esc)</source>
        <translation>关闭消息 (Esc)</translation>
    </message>
    <message>
        <source>Close this search</source>
        <translation>关闭此搜索</translation>
    </message>
    <message>
        <source>Close this search (Ctrl+W)</source>
        <translation>关闭此搜索 (Ctrl+W)</translation>
    </message>
    <message>
        <source>Colours and shapes only</source>
        <translation>仅颜色和形状</translation>
    </message>
    <message>
        <source>Colours and shapes only: the files of the starter model are missing or damaged. Install imagefinder again.</source>
        <translation>仅颜色和形状：入门模型的文件缺失或已损坏。请重新安装 imagefinder。</translation>
    </message>
    <message>
        <source>Compute on:</source>
        <translation>计算设备：</translation>
    </message>
    <message>
        <source>Computes on</source>
        <translation>计算设备</translation>
    </message>
    <message numerus="yes">
        <source>Copied %n file(s) to {folder}.</source>
        <translation>
            <numerusform>已将 %n 个文件复制到 {folder}。</numerusform>
        </translation>
    </message>
    <message>
        <source>Copied the path of {name}.</source>
        <translation>已复制 {name} 的路径。</translation>
    </message>
    <message numerus="yes">
        <source>Copied the paths of %n files.</source>
        <translation>
            <numerusform>已复制 %n 个文件的路径。</numerusform>
        </translation>
    </message>
    <message>
        <source>Copied the picture {name}.</source>
        <translation>已复制图片 {name}。</translation>
    </message>
    <message>
        <source>Copied.</source>
        <translation>已复制。</translation>
    </message>
    <message>
        <source>Copy as text</source>
        <translation>复制为文本</translation>
    </message>
    <message>
        <source>Copy to folder</source>
        <translation>复制到文件夹</translation>
    </message>
    <message>
        <source>Copy to folder…</source>
        <translation>复制到文件夹…</translation>
    </message>
    <message>
        <source>Copy here</source>
        <translation>复制到这里</translation>
    </message>
    <message>
        <source>Copy list</source>
        <translation>复制列表</translation>
    </message>
    <message>
        <source>Copy path</source>
        <translation>复制路径</translation>
    </message>
    <message>
        <source>Copy paths</source>
        <translation>复制路径</translation>
    </message>
    <message>
        <source>Copy picture</source>
        <translation>复制图片</translation>
    </message>
    <message>
        <source>Could not be read</source>
        <translation>无法读取</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Delete partial download</source>
        <translation>删除已下载的部分</translation>
    </message>
    <message>
        <source>Also delete this library&apos;s index for it</source>
        <translation>同时删除此资料库的相应索引</translation>
    </message>
    <message>
        <source>Delete the current model&apos;s index afterwards</source>
        <translation>切换后删除当前模型的索引</translation>
    </message>
    <message>
        <source>Describe a picture, or drop one here</source>
        <translation>描述图片内容，或将图片拖到这里</translation>
    </message>
    <message>
        <source>Describe what&apos;s in the picture, or drop a picture to find similar ones.</source>
        <comment>the model knows English only</comment>
        <translation>用英文描述图片内容，或拖入图片来查找相似图片。</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
    <message>
        <source>Dimensions</source>
        <translation>尺寸</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Downloading {model}: {progress}</source>
        <translation>正在下载 {model}：{progress}</translation>
    </message>
    <message>
        <source>Download {model}</source>
        <translation>下载 {model}</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>正在下载</translation>
    </message>
    <message>
        <source>Downloading…</source>
        <translation>正在下载…</translation>
    </message>
    <message>
        <source>Drop a folder of pictures here</source>
        <translation>将图片文件夹拖到这里</translation>
    </message>
    <message>
        <source>English</source>
        <translation>英文</translation>
    </message>
    <message numerus="yes">
        <source>Every %n minute(s)</source>
        <translation>
            <numerusform>每 %n 分钟</numerusform>
        </translation>
    </message>
    <message>
        <source>Everything stays on this computer.</source>
        <translation>所有内容都保留在本机。</translation>
    </message>
    <message>
        <source>Download pictures from dropped links</source>
        <translation>下载拖入链接中的图片</translation>
    </message>
    <message>
        <source>Downloading pictures from dropped links is turned off. Turn it on in Settings &gt; Network, or save the picture and drop the file.</source>
        <translation>下载拖入链接中图片的功能已关闭。请在“设置 &gt; 网络”中打开，或先保存图片再拖入文件。</translation>
    </message>
    <message>
        <source>Loading picture {name}</source>
        <translation>正在加载图片 {name}</translation>
    </message>
    <message>
        <source>Loading {name}…</source>
        <translation>正在加载 {name}…</translation>
    </message>
    <message>
        <source>Fewer threads keep the computer cooler and quieter.</source>
        <translation>线程较少时，电脑温度更低、更安静。</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>File size</source>
        <translation>文件大小</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Files and folders to exclude, one per line</source>
        <translation>要排除的文件和文件夹，每行一项</translation>
    </message>
    <message>
        <source>imagefinder never deletes your files. To hide a picture from results, press H.</source>
        <translation>imagefinder 不会删除文件。要从结果中隐藏图片，请按 H。</translation>
    </message>
    <message>
        <source>The files stay on disk.</source>
        <translation>文件仍留在磁盘上。</translation>
    </message>
    <message>
        <source>Files that can&apos;t be read</source>
        <translation>无法读取的文件</translation>
    </message>
    <message>
        <source>Files in {name} that can&apos;t be read</source>
        <translation>{name} 中无法读取的文件</translation>
    </message>
    <message>
        <source>Files that can&apos;t be read…</source>
        <translation>无法读取的文件…</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>筛选</translation>
    </message>
    <message>
        <source>Filter by name, reason or folder</source>
        <translation>按名称、原因或文件夹筛选</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>查找</translation>
    </message>
    <message>
        <source>Find similar</source>
        <translation>查找相似图片</translation>
    </message>
    <message>
        <source>Find your own pictures and PDF pages by words or by another picture.</source>
        <translation>用文字或另一张图片，找到自己的图片和 PDF 页面。</translation>
    </message>
    <message>
        <source>Finds your own pictures and PDF pages by words or by another picture.</source>
        <translation>用文字或另一张图片，找到自己的图片和 PDF 页面。</translation>
    </message>
    <message>
        <source>Finds the right picture for {count} of 100 descriptions</source>
        <translation>每 100 个描述，能为 {count} 个找到正确的图片</translation>
    </message>
    <message>
        <source>Fit to window</source>
        <translation>适合窗口大小</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Folder options</source>
        <translation>文件夹选项</translation>
    </message>
    <message>
        <source>Folders and files in the library</source>
        <translation>资料库中的文件夹和文件</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Remove from the library; the files stay on disk</source>
        <translation>从资料库移除；文件仍留在磁盘上</translation>
    </message>
    <message>
        <source>Remove the folder “{name}” from the library?</source>
        <translation>从资料库移除文件夹“{name}”？</translation>
    </message>
    <message>
        <source>Remove “{name}” from the library?</source>
        <translation>从资料库移除“{name}”？</translation>
    </message>
    <message>
        <source>Remove from library…</source>
        <translation>从资料库移除…</translation>
    </message>
    <message>
        <source>Found by {model}</source>
        <comment>a model</comment>
        <translation>所用模型：{model}</translation>
    </message>
    <message>
        <source>Available on this computer: {devices}.</source>
        <translation>本机可用：{devices}。</translation>
    </message>
    <message>
        <source>Free software under the GNU Affero General Public License, version 3 or later, without any warranty. Built with open_clip, PyTorch, hnswlib, SQLite, MuPDF, Pillow, Qt and Lucide icons.</source>
        <translation>自由软件，采用 GNU Affero 通用公共许可证第 3 版或更高版本，不附带任何担保。基于 open_clip、PyTorch、hnswlib、SQLite、MuPDF、Pillow、Qt 和 Lucide 图标构建。</translation>
    </message>
    <message>
        <source>Import from a file</source>
        <translation>从文件导入</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>全屏</translation>
    </message>
    <message>
        <source>Actual size</source>
        <translation>实际大小</translation>
    </message>
    <message>
        <source>Exit full screen or close</source>
        <translation>退出全屏或关闭</translation>
    </message>
    <message>
        <source>Or download the file in a web browser, then choose it:</source>
        <translation>也可以用浏览器下载文件，再选择该文件：</translation>
    </message>
    <message>
        <source>no space left on the disk</source>
        <comment>copying a file</comment>
        <translation>磁盘空间不足</translation>
    </message>
    <message>
        <source>there is not enough free memory to read it. Close other programs and try again</source>
        <comment>reason</comment>
        <translation>可用内存不足，无法读取。请关闭其他程序后重试</translation>
    </message>
    <message>
        <source>this processor is faster in bfloat16</source>
        <translation>此处理器用 bfloat16 更快</translation>
    </message>
    <message>
        <source>too large ({megapixels} megapixels; the limit is {limit} megapixels)</source>
        <comment>reason</comment>
        <translation>太大（{megapixels} 百万像素；上限为 {limit} 百万像素）</translation>
    </message>
    <message>
        <source>too large for the memory that is free: a file of {megabytes} MB. Close other programs and try again</source>
        <comment>reason</comment>
        <translation>对可用内存来说太大：文件有 {megabytes} MB。请关闭其他程序后重试</translation>
    </message>
    <message>
        <source>too large for the memory that is free: {width} x {height} pixels ({megapixels} megapixels). Close other programs and try again</source>
        <comment>reason</comment>
        <translation>对可用内存来说太大：{width} x {height} 像素（{megapixels} 百万像素）。请关闭其他程序后重试</translation>
    </message>
    <message>
        <source>too large: {width} x {height} pixels ({megapixels} megapixels; the limit is {limit})</source>
        <comment>reason</comment>
        <translation>太大：{width} x {height} 像素（{megapixels} 百万像素；上限为 {limit}）</translation>
    </message>
    <message>
        <source>too many files are open at once. Close other programs and try again</source>
        <comment>reason</comment>
        <translation>同时打开的文件太多。请关闭其他程序后重试</translation>
    </message>
    <message>
        <source>with fast bfloat16</source>
        <translation>bfloat16 运算快</translation>
    </message>
    <message>
        <source>permission denied</source>
        <comment>copying a file</comment>
        <translation>没有权限</translation>
    </message>
    <message>
        <source>{address} holds more than {size} MB. Save the picture and give its file.</source>
        <translation>{address} 中的数据超过 {size} MB。请先保存图片，再给出其文件。</translation>
    </message>
    <message>
        <source>{address} holds no picture that can be read; perhaps it was cut off.</source>
        <translation>{address} 中没有可以读取的图片，可能不完整。</translation>
    </message>
    <message>
        <source>{address} is a file of another computer, “{host}”. A file of this one begins with file:///</source>
        <translation>{address} 是另一台电脑“{host}”上的文件。本机文件的地址以 file:/// 开头。</translation>
    </message>
    <message>
        <source>{address} is an address, and a path on this computer is needed.</source>
        <translation>{address} 是网址，这里需要本机上的路径。</translation>
    </message>
    <message>
        <source>{choice}; as IMAGEFINDER_RUNTIME says</source>
        <translation>{choice}；由 IMAGEFINDER_RUNTIME 指定</translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) can&apos;t be read, or only in part</source>
        <translation>
            <numerusform>{count} 个文件无法读取或无法完整读取</numerusform>
        </translation>
    </message>
    <message>
        <source>{model} comes with the program, and cannot be removed.</source>
        <translation>{model} 随程序提供，无法删除。</translation>
    </message>
    <message>
        <source>{model} could not be removed from {folder}: {reason}. If it is in use, close imagefinder&apos;s windows first.</source>
        <translation>无法从 {folder} 删除 {model}：{reason}。如果它正在使用，请先关闭 imagefinder 的窗口。</translation>
    </message>
    <message>
        <source>{model} is being downloaded already, by another window or command of imagefinder. Wait until that has ended, or stop it.</source>
        <translation>imagefinder 的另一个窗口或命令已在下载 {model}。请等它结束，或停止它。</translation>
    </message>
    <message>
        <source>{model} is here already. Use it with: imagefinder models use {model}</source>
        <translation>{model} 已在本机。要使用它，请运行：imagefinder models use {model}</translation>
    </message>
    <message>
        <source>{model} is here.</source>
        <translation>{model} 已在本机。</translation>
    </message>
    <message>
        <source>{model} is here. Use it with: imagefinder models use {model}</source>
        <translation>{model} 已下载。要使用它，请运行：imagefinder models use {model}</translation>
    </message>
    <message>
        <source>{model} is not on this machine, so there is nothing to remove.</source>
        <translation>{model} 不在本机，没有可删除的内容。</translation>
    </message>
    <message>
        <source>Downloaded {model}.</source>
        <translation>已下载 {model}。</translation>
    </message>
    <message>
        <source>{model} is removed: {count} MB are free again.</source>
        <translation>已删除 {model}：腾出 {count} MB。</translation>
    </message>
    <message>
        <source>{model} lies in a folder that other programs share, {folder}, so it is not removed from there. To do so yourself: hf cache rm</source>
        <translation>{model} 位于与其他程序共用的文件夹 {folder}，因此不会从那里删除。要自行删除，请运行：hf cache rm</translation>
    </message>
    <message>
        <source>{model} may be used under its licence only: {licence}. Read it at {page}; if you agree, add --accept-licence</source>
        <translation>{model} 只能按其许可证使用：{licence}。请在 {page} 阅读；如果同意，请加上 --accept-licence</translation>
    </message>
    <message>
        <source>{path} fits none of the architectures that open_clip knows.{near} If it is one of its own, put the open_clip_config.json that came with it beside it.</source>
        <translation>{path} 不符合 open_clip 已知的任何架构。{near}如果它有自己的架构，请将随附的 open_clip_config.json 放在它旁边。</translation>
    </message>
    <message>
        <source>{path} is a MobileCLIP in Apple&apos;s own form, which does not tell its architecture. Say which one it is, such as MobileCLIP-S2 (--arch, or the field in the settings).</source>
        <translation>{path} 是苹果自有格式的 MobileCLIP，其中没有说明架构。请说明是哪一种，例如 MobileCLIP-S2（--arch，或设置中的输入框）。</translation>
    </message>
    <message>
        <source>{percent} of the words</source>
        <comment>looked for</comment>
        <translation>含 {percent} 的搜索词</translation>
    </message>
    <message>
        <source>{problem} Or take another way: a mirror or a proxy (--mirror ADDRESS, --proxy ADDRESS, or in the window&apos;s settings), or the weights file from elsewhere: imagefinder models import FILE --arch {model}</source>
        <translation>{problem}也可以换一种方式：使用镜像或代理（--mirror 地址、--proxy 地址，或在窗口的设置中），或从别处取得权重文件：imagefinder models import 文件 --arch {model}</translation>
    </message>
    <message>
        <source>{problem} Or take another way: a mirror or a proxy (Settings, Network), or get its file with a web browser, and choose it.</source>
        <translation>{problem}也可以换一种方式：使用镜像或代理（“设置”的“网络”），或用浏览器取得文件，然后选择该文件。</translation>
    </message>
    <message>
        <source>{problem} This library is being changed to that model; to call it off, use {model} again: in the window&apos;s settings, or by imagefinder models use {model}</source>
        <translation>这个资料库正在切换模型，但无法继续。{problem} 要取消切换，请重新使用 {model}：在窗口的设置中，或运行 imagefinder models use {model}</translation>
    </message>
    <message>
        <source>{problem} Try again.</source>
        <translation>{problem}请重试。</translation>
    </message>
    <message>
        <source>{problem} Try again: what has come is kept, and it goes on from there.</source>
        <translation>{problem}请重试：已下载的部分会保留，并从中断处继续。</translation>
    </message>
    <message>
        <source>{results}, then possible matches</source>
        <translation>{results}，另有可能匹配的结果</translation>
    </message>
    <message>
        <source>“text_cfg.width” ({width}) is no multiple of “heads” ({heads})</source>
        <translation>“text_cfg.width”（{width}）不是“heads”（{heads}）的倍数</translation>
    </message>
    <message>
        <source>“{address}” is not the address of a hub; one is https://huggingface.co</source>
        <translation>“{address}”不是模型库的地址；正确的例如 https://huggingface.co</translation>
    </message>
    <message>
        <source>“{address}” is not the address of a proxy; one is http://proxy:8080</source>
        <translation>“{address}”不是代理的地址；正确的例如 http://proxy:8080</translation>
    </message>
    <message>
        <source>“{arch}” contradicts the weights&apos; own config: {config} says {says}. Leave the architecture (--arch) out to use that config, or move the weights to another folder if it is not theirs.</source>
        <translation>“{arch}”与权重自带的配置矛盾：{config} 中写明：{says}。要采用该配置，请不要指定架构（--arch）；如果该配置不属于这些权重，请把权重移到另一个文件夹。</translation>
    </message>
    <message>
        <source>“{key}” has {count} values</source>
        <translation>“{key}”有 {count} 个值</translation>
    </message>
    <message>
        <source>“{key}” is not an object of JSON</source>
        <translation>“{key}”不是 JSON 对象</translation>
    </message>
    <message>
        <source>“{key}” is not known here</source>
        <translation>不支持“{key}”这一项</translation>
    </message>
    <message>
        <source>“{key}” is {value}, and may be a number from {least} to {most}</source>
        <translation>“{key}”为 {value}，只能是 {least} 到 {most} 之间的数</translation>
    </message>
    <message>
        <source>“{key}” is {value}, and may be true or false</source>
        <translation>“{key}”为 {value}，只能是 true 或 false</translation>
    </message>
    <message>
        <source>“{key}” is “{value}”, and only plain names are allowed, none that leads to a folder or an address</source>
        <translation>“{key}”为“{value}”，只允许普通名称，不能指向文件夹或网址</translation>
    </message>
    <message>
        <source>“{key}” is “{value}”; known are: {known}</source>
        <translation>“{key}”为“{value}”，只支持：{known}</translation>
    </message>
    <message>
        <source>“{name}” cannot be a model&apos;s name. Use up to {count} characters that can be seen, no backslash, and no part that is empty or only dots.</source>
        <translation>“{name}”不能作为模型的名称。最多可用 {count} 个可见字符，不能有反斜杠，斜杠之间的部分不能为空或只有点号。</translation>
    </message>
    <message>
        <source>“{name}” has no place in it</source>
        <comment>a tensor</comment>
        <translation>多出“{name}”</translation>
    </message>
    <message>
        <source>“{name}” has the shape {shape} in place of {wanted}</source>
        <comment>a tensor</comment>
        <translation>“{name}”的形状是 {shape}，而应当是 {wanted}</translation>
    </message>
    <message>
        <source>“{name}” is missing</source>
        <comment>a tensor</comment>
        <translation>缺少“{name}”</translation>
    </message>
    <message>
        <source>Get the weights file elsewhere (such as open_clip_model.safetensors of huggingface.co/{repository}), then: imagefinder models import FILE --arch {model}</source>
        <translation>请从别处取得权重文件（例如 huggingface.co/{repository} 的 open_clip_model.safetensors），然后运行：imagefinder models import 文件 --arch {model}</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) can&apos;t be read now (drive not connected, folder missing, or in the cloud). The switch finishes when they&apos;re available.</source>
        <comment>pictures and pages</comment>
        <translation>
            <numerusform>有 %n 张图片现在无法读取（磁盘未连接、文件夹找不到，或文件仅在云端）。可以读取后，切换会自动完成。</numerusform>
        </translation>
    </message>
    <message>
        <source>Downloaded {total} MB. Verifying…</source>
        <translation>已下载 {total} MB，正在校验…</translation>
    </message>
    <message>
        <source>Download it in the window&apos;s settings, or: imagefinder models download {model}. Or get the weights file elsewhere (such as open_clip_model.safetensors of huggingface.co/{repository}), then: imagefinder models import FILE --arch {model}</source>
        <translation>请在窗口的设置中下载，或运行：imagefinder models download {model}。也可从别处获取权重文件（例如 huggingface.co/{repository} 的 open_clip_model.safetensors），然后运行：imagefinder models import FILE --arch {model}</translation>
    </message>
    <message>
        <source>Get the weights file elsewhere, then: imagefinder models import FILE --arch {model}</source>
        <translation>请从别处取得权重文件，然后运行：imagefinder models import 文件 --arch {model}</translation>
    </message>
    <message>
        <source>Getting ready…</source>
        <translation>正在准备…</translation>
    </message>
    <message>
        <source>Resume indexing</source>
        <translation>继续建立索引</translation>
    </message>
    <message>
        <source>Hidden from results.</source>
        <translation>已从结果中隐藏。</translation>
    </message>
    <message>
        <source>Hide from results</source>
        <translation>从结果中隐藏</translation>
    </message>
    <message>
        <source>Hide from results, or show again</source>
        <translation>从结果中隐藏或恢复显示</translation>
    </message>
    <message>
        <source>IMAGEFINDER_RUNTIME names no runtime: “{name}”. Choose from: {names}.</source>
        <translation>IMAGEFINDER_RUNTIME 指定的运行库不存在：“{name}”。可选：{names}。</translation>
    </message>
    <message>
        <source>Imported as {model}. Use it with: imagefinder models use {model}</source>
        <translation>已导入为 {model}。要使用它，请运行：imagefinder models use {model}</translation>
    </message>
    <message>
        <source>In use: {device}.</source>
        <translation>使用中：{device}。</translation>
    </message>
    <message>
        <source>Index now</source>
        <translation>立即建立索引</translation>
    </message>
    <message>
        <source>Indexed with</source>
        <translation>所用索引</translation>
    </message>
    <message>
        <source>Indexing</source>
        <translation>正在建立索引</translation>
    </message>
    <message>
        <source>Indexing is paused. Resume it to continue.</source>
        <translation>索引已暂停，继续建立索引后才会切换。</translation>
    </message>
    <message>
        <source>Indexing stopped by a mistake in imagefinder itself. What was indexed is kept; the log says more.</source>
        <translation>由于 imagefinder 自身的错误，建立索引已停止。已建立的索引会保留；详情见日志。</translation>
    </message>
    <message>
        <source>Indexing uses only spare computing power. Searching isn&apos;t slowed down.</source>
        <translation>建立索引只占用空闲的计算资源，不影响搜索速度。</translation>
    </message>
    <message>
        <source>Indexing {done} of {total}</source>
        <translation>正在建立索引：{done} / {total}</translation>
    </message>
    <message>
        <source>Indexing {done} of {total} with {model}</source>
        <comment>files</comment>
        <translation>正在用 {model} 建立索引：{done} / {total}</translation>
    </message>
    <message>
        <source>Indexing…</source>
        <translation>正在建立索引…</translation>
    </message>
    <message>
        <source>Interrupted: {done} MB downloaded.</source>
        <translation>已中断：已下载 {done} MB。</translation>
    </message>
    <message>
        <source>Interrupted: {done} of about {total} MB downloaded.</source>
        <translation>已中断：已下载 {done} MB，共约 {total} MB。</translation>
    </message>
    <message>
        <source>Takes effect right away. Pictures can be found once they&apos;re indexed with this model.</source>
        <translation>立即生效。图片用此模型建立索引后才能找到。</translation>
    </message>
    <message>
        <source>Recognises what a picture shows, out of 1,000 categories, for {percent} of 100 pictures (ImageNet).</source>
        <translation>从 1,000 个类别中辨认图片内容，每 100 张认对 {percent} 张（ImageNet）。</translation>
    </message>
    <message>
        <source>Its drive isn&apos;t connected.</source>
        <translation>所在磁盘未连接。</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>Keep it (Esc)</source>
        <translation>保留 (Esc)</translation>
    </message>
    <message>
        <source>Keep it in the library</source>
        <translation>保留在资料库中</translation>
    </message>
    <message>
        <source>Keep it in the library (Esc)</source>
        <translation>保留在资料库中 (Esc)</translation>
    </message>
    <message>
        <source>Keep the current model</source>
        <translation>保留当前模型</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>键盘快捷键</translation>
    </message>
    <message>
        <source>File types, by extension</source>
        <translation>文件类型（扩展名）</translation>
    </message>
    <message>
        <source>Colours and shapes only · built in</source>
        <translation>仅识别颜色和形状 · 内置</translation>
    </message>
    <message>
        <source>Language:</source>
        <translation>语言：</translation>
    </message>
    <message>
        <source>Larger thumbnails</source>
        <translation>放大缩略图</translation>
    </message>
    <message>
        <source>Largest first</source>
        <translation>最大优先</translation>
    </message>
    <message>
        <source>Leave this off unless you drop pictures from a home server: a web page could make a dropped link point to devices on your network.</source>
        <translation>除非要使用家中服务器上的图片，否则请保持关闭，以免网页通过拖入的链接访问局域网中的设备。</translation>
    </message>
    <message>
        <source>Give priority to other programs</source>
        <translation>优先运行其他程序</translation>
    </message>
    <message>
        <source>Libraries</source>
        <translation>软件库</translation>
    </message>
    <message>
        <source>Library</source>
        <translation>资料库</translation>
    </message>
    <message>
        <source>Library panel</source>
        <translation>资料库面板</translation>
    </message>
    <message>
        <source>Licence of {model}</source>
        <translation>{model} 的许可证</translation>
    </message>
    <message>
        <source>Licence: {licence}</source>
        <translation>许可证：{licence}</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Loading the model</source>
        <translation>正在加载模型</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>正在加载模型…</translation>
    </message>
    <message>
        <source>Loading {model}…</source>
        <comment>a model</comment>
        <translation>正在加载 {model}…</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>日志</translation>
    </message>
    <message>
        <source>Check for new and changed files</source>
        <translation>检查新增和更改的文件</translation>
    </message>
    <message>
        <source>Check all folders for new and changed files (F5)</source>
        <translation>检查所有文件夹中新增和更改的文件 (F5)</translation>
    </message>
    <message>
        <source>Check for new pictures</source>
        <translation>检查新图片</translation>
    </message>
    <message>
        <source>Check for new pictures when imagefinder starts</source>
        <translation>启动时检查新图片</translation>
    </message>
    <message>
        <source>Include &amp;subfolders</source>
        <translation>包括子文件夹(&amp;S)</translation>
    </message>
    <message>
        <source>Looking for files</source>
        <translation>正在查找文件</translation>
    </message>
    <message>
        <source>Machine</source>
        <translation>本机</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>消息</translation>
    </message>
    <message>
        <source>Mirror</source>
        <translation>镜像</translation>
    </message>
    <message>
        <source>Mirror:</source>
        <translation>镜像：</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Model files</source>
        <translation>模型文件</translation>
    </message>
    <message>
        <source>Model: {model}</source>
        <translation>模型：{model}</translation>
    </message>
    <message>
        <source>Model: {model} · {device}</source>
        <translation>模型：{model} · {device}</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Models are downloaded from huggingface.co. If you can&apos;t reach it, enter a mirror or a proxy.</source>
        <translation>模型从 huggingface.co 下载。如果无法访问，请填写镜像地址或代理。</translation>
    </message>
    <message>
        <source>Models cannot be kept in {folder}: it may not be written to. Change that, and try again.</source>
        <translation>无法在 {folder} 中保存模型：没有写入权限。请更改权限后重试。</translation>
    </message>
    <message>
        <source>More options</source>
        <translation>更多选项</translation>
    </message>
    <message>
        <source>NVIDIA graphics card</source>
        <translation>NVIDIA 显卡</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Name: {name}</source>
        <comment>of a model</comment>
        <translation>名称：{name}</translation>
    </message>
    <message>
        <source>Also needs the Python library transformers.</source>
        <translation>还需要 Python 库 transformers。</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>网络</translation>
    </message>
    <message>
        <source>Never</source>
        <comment>interval</comment>
        <translation>从不</translation>
    </message>
    <message>
        <source>New pictures</source>
        <translation>新图片</translation>
    </message>
    <message>
        <source>New search</source>
        <translation>新建搜索</translation>
    </message>
    <message>
        <source>New search (Ctrl+T)</source>
        <translation>新建搜索 (Ctrl+T)</translation>
    </message>
    <message>
        <source>New search beside this one</source>
        <translation>在旁边新建搜索</translation>
    </message>
    <message>
        <source>Newest first</source>
        <translation>最新优先</translation>
    </message>
    <message>
        <source>Next page</source>
        <translation>下一页</translation>
    </message>
    <message>
        <source>Next result</source>
        <translation>下一个结果</translation>
    </message>
    <message>
        <source>Next search</source>
        <translation>下一个搜索</translation>
    </message>
    <message>
        <source>No file name or page contains these words. Pictures will be searched in a moment.</source>
        <translation>没有文件名或页面包含这些文字。稍后将搜索图片。</translation>
    </message>
    <message>
        <source>No program on this machine opens {path} ({command} failed).</source>
        <translation>本机没有能打开 {path} 的程序（{command} 失败）。</translation>
    </message>
    <message>
        <source>No program was found to open {name}.</source>
        <translation>没有找到能打开 {name} 的程序。</translation>
    </message>
    <message>
        <source>No reader for {kinds}. These kinds of file can be read: {known}.</source>
        <translation>无法读取 {kinds}。可以读取的文件类型：{known}。</translation>
    </message>
    <message>
        <source>No secure connection to {host} can be made ({reason}). A program that looks into all connections may stand in between, or this machine&apos;s clock be wrong.</source>
        <translation>无法与 {host} 建立安全连接（{reason}）。可能有检查所有连接的程序介入，或本机的时钟不准。</translation>
    </message>
    <message>
        <source>A thumbnail couldn&apos;t be created.</source>
        <translation>无法生成缩略图。</translation>
    </message>
    <message>
        <source>Not now, leave them in the cloud</source>
        <translation>暂不，留在云端</translation>
    </message>
    <message>
        <source>No results</source>
        <translation>没有结果</translation>
    </message>
    <message>
        <source>Nothing found.</source>
        <translation>没有找到。</translation>
    </message>
    <message>
        <source>No similar pictures</source>
        <comment>the picture that is searched by</comment>
        <translation>没有相似的图片</translation>
    </message>
    <message>
        <source>No good matches</source>
        <translation>没有很匹配的结果</translation>
    </message>
    <message>
        <source>Nothing is downloaded, because the environment variable {name} says so. Unset it to download models.</source>
        <translation>环境变量 {name} 禁止下载，因此没有下载任何内容。要下载模型，请取消该变量。</translation>
    </message>
    <message>
        <source>Your library is empty. Drop a folder of pictures here.</source>
        <translation>资料库为空。请将图片文件夹拖到这里。</translation>
    </message>
    <message>
        <source>Nothing is indexed yet in {folder}. Begin with: imagefinder add FOLDER</source>
        <translation>{folder} 中还没有索引。请先运行：imagefinder add 文件夹</translation>
    </message>
    <message>
        <source>Nothing is indexed yet. Begin with: imagefinder add FOLDER</source>
        <translation>还没有索引。请先运行：imagefinder add 文件夹</translation>
    </message>
    <message>
        <source>Nothing seems to match. --all shows what is nearest nevertheless.</source>
        <translation>似乎没有匹配的结果。用 --all 仍可显示最接近的。</translation>
    </message>
    <message>
        <source>Nothing to look for: give some words, or a picture with --image.</source>
        <translation>没有要查找的内容：请给出文字，或用 --image 给出图片。</translation>
    </message>
    <message>
        <source>Nothing to look for: give some words, or a picture.</source>
        <translation>没有要查找的内容：请给出文字或图片。</translation>
    </message>
    <message>
        <source>Nothing to search yet</source>
        <translation>还没有可搜索的内容</translation>
    </message>
    <message>
        <source>Nothing was added yet. Begin with: imagefinder add FOLDER</source>
        <translation>还没有添加任何内容。请先运行：imagefinder add 文件夹</translation>
    </message>
    <message>
        <source>Offline: drive not connected, but still searchable</source>
        <translation>离线：磁盘未连接，仍可搜索</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>本机</translation>
    </message>
    <message>
        <source>If you install this model again, the library must be re-indexed with it. Your pictures aren&apos;t affected.</source>
        <translation>以后重新安装此模型时，需要重新建立索引。图片不受影响。</translation>
    </message>
    <message>
        <source>Only http and https links are supported.</source>
        <translation>仅支持 http 和 https 链接。</translation>
    </message>
    <message>
        <source>The current model only knows colours and shapes.
Download a trained model to search by content.</source>
        <translation>当前模型只识别颜色和形状。
下载训练好的模型，即可按内容搜索。</translation>
    </message>
    <message>
        <source>Only files that match one of these patterns, one per line</source>
        <translation>仅包含匹配的文件，每行一项</translation>
    </message>
    <message>
        <source>Only these file types:</source>
        <translation>仅限这些文件类型：</translation>
    </message>
    <message>
        <source>Only {done} of {all} pictures and pages are indexed with {model} so far: {command} does the rest.</source>
        <translation>到目前为止，{all} 张图片和页面中只有 {done} 张用 {model} 建立了索引：运行 {command} 可完成其余部分。</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Open &amp;log folder</source>
        <translation>打开日志文件夹(&amp;L)</translation>
    </message>
    <message>
        <source>New search beside this one (Ctrl+Shift+Right)</source>
        <translation>在旁边新建搜索 (Ctrl+Shift+Right)</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Open in default app</source>
        <translation>用默认程序打开</translation>
    </message>
    <message>
        <source>Open log folder</source>
        <translation>打开日志文件夹</translation>
    </message>
    <message>
        <source>OpenVINO {openvino} pictures a second, PyTorch {torch}</source>
        <translation>每秒图片数：OpenVINO {openvino}，PyTorch {torch}</translation>
    </message>
    <message>
        <source>Options…</source>
        <translation>选项…</translation>
    </message>
    <message>
        <source>Or choose its weights file.</source>
        <translation>也可以选择它的权重文件。</translation>
    </message>
    <message>
        <source>Sort order</source>
        <translation>排序方式</translation>
    </message>
    <message>
        <source>Sort: {order}</source>
        <translation>排序：{order}</translation>
    </message>
    <message>
        <source>PDF pages only</source>
        <translation>仅 PDF 页面</translation>
    </message>
    <message>
        <source>Page</source>
        <translation>页面</translation>
    </message>
    <message>
        <source>Page {number} of {parts}</source>
        <translation>第 {number} 页，共 {parts} 页</translation>
    </message>
    <message>
        <source>Settings pages</source>
        <translation>设置页面</translation>
    </message>
    <message>
        <source>Pasted picture</source>
        <translation>粘贴的图片</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>路径</translation>
    </message>
    <message>
        <source>Pause indexing</source>
        <translation>暂停建立索引</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>Paused at {done} of {total}</source>
        <translation>已暂停：{done} / {total}</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Picture {name}</source>
        <translation>图片 {name}</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>图片</translation>
    </message>
    <message>
        <source>Pictures and PDF pages</source>
        <translation>图片和 PDF 页面</translation>
    </message>
    <message>
        <source>Pictures and PDFs</source>
        <translation>图片和 PDF</translation>
    </message>
    <message>
        <source>Pictures and PDFs ({kinds})</source>
        <translation>图片和 PDF ({kinds})</translation>
    </message>
    <message>
        <source>Pictures and pages</source>
        <translation>图片和页面</translation>
    </message>
    <message>
        <source>You can search as soon as the first pictures are indexed.</source>
        <translation>第一批图片建立索引后即可搜索。</translation>
    </message>
    <message>
        <source>Pictures only</source>
        <translation>仅图片</translation>
    </message>
    <message>
        <source>Choose pictures to search by</source>
        <translation>选择用来搜索的图片</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>预览</translation>
    </message>
    <message>
        <source>Previous page</source>
        <translation>上一页</translation>
    </message>
    <message>
        <source>Previous result</source>
        <translation>上一个结果</translation>
    </message>
    <message>
        <source>Previous or next result</source>
        <translation>上一个或下一个结果</translation>
    </message>
    <message>
        <source>Processor</source>
        <translation>处理器</translation>
    </message>
    <message>
        <source>Processor threads:</source>
        <translation>处理器线程数：</translation>
    </message>
    <message>
        <source>PyTorch: OpenVINO failed here ({reason})</source>
        <translation>PyTorch：OpenVINO 在这里无法运行（{reason}）</translation>
    </message>
    <message>
        <source>PyTorch: OpenVINO&apos;s vectors are others (cosine {cosine})</source>
        <translation>PyTorch：OpenVINO 给出的向量不一致（余弦 {cosine}）</translation>
    </message>
    <message>
        <source>PyTorch: as IMAGEFINDER_RUNTIME says</source>
        <translation>PyTorch：由 IMAGEFINDER_RUNTIME 指定</translation>
    </message>
    <message>
        <source>PyTorch: it is what computes on a graphics card here</source>
        <translation>PyTorch：这里由它在显卡上计算</translation>
    </message>
    <message>
        <source>PyTorch; OpenVINO is not installed, which may be faster: {command}</source>
        <translation>PyTorch；未安装可能更快的 OpenVINO：{command}</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Remove from search (Delete)</source>
        <translation>从搜索中移除 (Delete)</translation>
    </message>
    <message>
        <source>Remove {name}</source>
        <translation>移除 {name}</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>报告</translation>
    </message>
    <message>
        <source>Results</source>
        <translation>结果</translation>
    </message>
    <message>
        <source>Runtime</source>
        <translation>运行库</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message numerus="yes">
        <source>Scanning {count} file(s)…</source>
        <translation>
            <numerusform>正在扫描 {count} 个文件…</numerusform>
        </translation>
    </message>
    <message>
        <source>Scanning…</source>
        <translation>正在扫描…</translation>
    </message>
    <message>
        <source>Score</source>
        <translation>得分</translation>
    </message>
    <message>
        <source>Score {score}</source>
        <translation>得分 {score}</translation>
    </message>
    <message>
        <source>Search by the picture or file on the clipboard</source>
        <translation>用剪贴板中的图片或文件搜索</translation>
    </message>
    <message>
        <source>Search for {words}</source>
        <translation>搜索 {words}</translation>
    </message>
    <message>
        <source>Search your pictures</source>
        <translation>搜索图片</translation>
    </message>
    <message>
        <source>Searches</source>
        <translation>搜索</translation>
    </message>
    <message>
        <source>Searching</source>
        <translation>搜索</translation>
    </message>
    <message>
        <source>Searching is unavailable</source>
        <translation>暂时无法搜索</translation>
    </message>
    <message>
        <source>Searching…</source>
        <translation>正在搜索…</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>设置…</translation>
    </message>
    <message>
        <source>Show side by side</source>
        <translation>并排显示</translation>
    </message>
    <message>
        <source>Show hidden pictures</source>
        <translation>显示隐藏的图片</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>在文件夹中显示</translation>
    </message>
    <message>
        <source>Show in results again</source>
        <translation>恢复显示</translation>
    </message>
    <message>
        <source>Thumbnail size</source>
        <translation>缩略图大小</translation>
    </message>
    <message>
        <source>Thumbnail size (Ctrl+wheel)</source>
        <translation>缩略图大小 (Ctrl+滚轮)</translation>
    </message>
    <message>
        <source>Smaller thumbnails</source>
        <translation>缩小缩略图</translation>
    </message>
    <message>
        <source>Something went wrong ({error}). Your index is intact. Details are in the log.</source>
        <translation>出了点问题（{error}）。索引没有丢失，详情见日志。</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>Starter model (built in)</source>
        <translation>入门模型（内置）</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>正在启动…</translation>
    </message>
    <message>
        <source>Model status</source>
        <translation>模型状态</translation>
    </message>
    <message>
        <source>Cancel loading (Delete)</source>
        <translation>取消加载 (Delete)</translation>
    </message>
    <message>
        <source>Cancel loading {name}</source>
        <translation>取消加载 {name}</translation>
    </message>
    <message>
        <source>Stop indexing</source>
        <translation>停止建立索引</translation>
    </message>
    <message>
        <source>Stop indexing. Pictures indexed so far are kept. Rescan to continue.</source>
        <translation>停止建立索引。已完成的部分会保留，重新扫描即可继续。</translation>
    </message>
    <message>
        <source>Stopped ({done}). What was indexed is kept; run the same command again to go on.</source>
        <translation>已停止（{done}）。已建立的索引会保留；再次运行同一命令即可继续。</translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation>已停止。</translation>
    </message>
    <message>
        <source>Stopped. What was indexed is kept; run the same command again to go on.</source>
        <translation>已停止。已建立的索引会保留；再次运行同一命令即可继续。</translation>
    </message>
    <message>
        <source>Stopped: searching and indexing are unavailable</source>
        <translation>已停止：无法搜索或建立索引</translation>
    </message>
    <message>
        <source>Stopped: {done}. Rescan to finish.</source>
        <translation>已停止：{done}。重新扫描即可继续。</translation>
    </message>
    <message>
        <source>Taken</source>
        <translation>拍摄时间</translation>
    </message>
    <message>
        <source>Taken {moment}</source>
        <translation>拍摄于 {moment}</translation>
    </message>
    <message>
        <source>The link redirects too many times.</source>
        <translation>该链接重定向次数过多。</translation>
    </message>
    <message>
        <source>Top {count} results, more below</source>
        <translation>前 {count} 个结果，下方还有更多</translation>
    </message>
    <message>
        <source>The commands work without a window: imagefinder --help</source>
        <translation>各命令无需窗口也能使用：imagefinder --help</translation>
    </message>
    <message>
        <source>The disk of {folder} is full. What has come is kept: make room and try again, and it goes on from there.</source>
        <translation>{folder} 所在的磁盘已满。已下载的部分会保留：请腾出空间后重试，将从中断处继续。</translation>
    </message>
    <message>
        <source>The disk that holds the library ({folder}) is full. All that was indexed before is kept: free some space and run this again.</source>
        <translation>资料库所在的磁盘（{folder}）已满。之前建立的索引都已保留：请腾出一些空间后再运行。</translation>
    </message>
    <message>
        <source>The disk that holds the library {path} reports an error ({error}). Check the drive.</source>
        <translation>资料库 {path} 所在的磁盘报告错误（{error}）。请检查该磁盘。</translation>
    </message>
    <message>
        <source>Checking and copying the file…</source>
        <translation>正在检查并复制文件…</translation>
    </message>
    <message>
        <source>The file no longer exists.</source>
        <translation>文件已不存在。</translation>
    </message>
    <message>
        <source>Choose the model&apos;s weights file</source>
        <translation>选择模型的权重文件</translation>
    </message>
    <message>
        <source>The files of the starter model, which come with the program, are missing or damaged. Install imagefinder again, or use another model; those that are here: imagefinder models list</source>
        <translation>随程序提供的入门模型的文件缺失或已损坏。请重新安装 imagefinder，或使用其他模型；可用的模型：imagefinder models list</translation>
    </message>
    <message>
        <source>The installed open_clip_torch is of a version this program does not know; install 3.3.</source>
        <translation>本程序不认识已安装的 open_clip_torch 版本；请安装 3.3。</translation>
    </message>
    <message>
        <source>The libraries for CLIP models cannot be loaded: {reason}.</source>
        <translation>无法加载 CLIP 模型所需的库：{reason}。</translation>
    </message>
    <message>
        <source>The library file {path} is damaged ({error}). Your pictures are not touched: move that file away and add your folders again.</source>
        <translation>资料库文件 {path} 已损坏（{error}）。图片本身没有改动：请移走该文件，再重新添加文件夹。</translation>
    </message>
    <message>
        <source>The library {folder} cannot be used: {reason}.</source>
        <translation>无法使用资料库 {folder}：{reason}。</translation>
    </message>
    <message>
        <source>The library {path} cannot be used ({error}).</source>
        <translation>无法使用资料库 {path}（{error}）。</translation>
    </message>
    <message>
        <source>The library {path} cannot be written ({error}). Check its permissions, or name another with --library.</source>
        <translation>无法写入资料库 {path}（{error}）。请检查权限，或用 --library 指定另一个资料库。</translation>
    </message>
    <message>
        <source>The library {path} is busy: another program holds it. Try again in a moment.</source>
        <translation>资料库 {path} 正忙：另一个程序占用了它。请稍后再试。</translation>
    </message>
    <message>
        <source>The logs are in {folder}</source>
        <translation>日志位于 {folder}</translation>
    </message>
    <message>
        <source>The memory does not suffice for this model. Nothing is lost. Close other programs, use a smaller model, or compute on the processor (in the settings, or --device cpu).</source>
        <translation>内存不足以运行该模型。没有丢失任何内容。请关闭其他程序、使用较小的模型，或改用处理器计算（在设置中选择，或用 --device cpu）。</translation>
    </message>
    <message>
        <source>The model cannot be used, so only file names and page text were searched.</source>
        <translation>无法使用模型，因此只搜索了文件名和页面文字。</translation>
    </message>
    <message>
        <source>Model unavailable: only file names and page text are searched</source>
        <translation>模型不可用：只搜索文件名和页面文字</translation>
    </message>
    <message>
        <source>The model could not be stored in {folder}: {reason}.</source>
        <translation>无法把模型保存到 {folder}：{reason}。</translation>
    </message>
    <message>
        <source>The model is still loading</source>
        <translation>模型仍在加载</translation>
    </message>
    <message>
        <source>The model is still being loaded: so far only file names and page text were searched by your words.</source>
        <translation>模型仍在加载：目前只用这些文字搜索了文件名和页面文字。</translation>
    </message>
    <message>
        <source>The model {model} gives no usable numbers on {device}. Its weights may be damaged; if not, try another device.</source>
        <translation>模型 {model} 在 {device} 上得不到可用的数值。它的权重可能已损坏；如果没有，请换一个设备。</translation>
    </message>
    <message>
        <source>The model {name} cannot be loaded ({problem}). Words in file names and on pages are searched meanwhile. Choose another model in the settings.</source>
        <translation>无法加载模型 {name}（{problem}）。在此期间会搜索文件名和页面中的文字。请在设置中选择另一个模型。</translation>
    </message>
    <message>
        <source>The output cannot be written: its disk is full.</source>
        <translation>无法写入输出：磁盘已满。</translation>
    </message>
    <message>
        <source>The part of imagefinder that reads pictures stopped before this was done. Try it again.</source>
        <translation>imagefinder 读取图片的部分在完成之前停止了。请重试。</translation>
    </message>
    <message>
        <source>imagefinder&apos;s background process stopped several times in a row and wasn&apos;t restarted. Nothing was lost. Try again. If this keeps happening, report the problem.</source>
        <translation>imagefinder 的后台进程连续多次停止，不再自动重启。没有丢失任何内容。请重试；如果问题反复出现，请提交报告。</translation>
    </message>
    <message>
        <source>The part of imagefinder that reads pictures stopped twice over this, so it was given up. Nothing in the library is lost.</source>
        <translation>imagefinder 读取图片的部分两次因此停止，所以已放弃这一操作。资料库没有丢失任何内容。</translation>
    </message>
    <message>
        <source>The part of imagefinder that reads pictures stopped unexpectedly and is started again. Nothing is lost.</source>
        <translation>imagefinder 读取图片的部分意外停止，正在重新启动。没有丢失任何内容。</translation>
    </message>
    <message>
        <source>The picture can&apos;t be shown because its preview file is missing. Try again.</source>
        <translation>无法显示图片：预览文件缺失。请重试。</translation>
    </message>
    <message>
        <source>The tensors of {path} fit more than one architecture, and these compute differently. Put its open_clip_config.json beside it, or say which one it is (--arch, or the field in the settings): {choices}.{hint}</source>
        <translation>{path} 的张量符合不止一种架构，而它们的计算方式不同。请将它的 open_clip_config.json 放在旁边，或说明是哪一种（--arch，或设置中的输入框）：{choices}。{hint}</translation>
    </message>
    <message>
        <source>The weights are not those of a whole CLIP model of transformers.</source>
        <translation>这些权重不是完整的 transformers CLIP 模型。</translation>
    </message>
    <message>
        <source>There is no device called “{device}”. Choose from: {devices}.</source>
        <translation>没有名为“{device}”的设备。可选：{devices}。</translation>
    </message>
    <message>
        <source>The library uses this model, but its files are missing. Download or import it again to search as before.</source>
        <translation>资料库正在使用此模型，但模型文件缺失。重新下载或导入后即可照常搜索。</translation>
    </message>
    <message>
        <source>Searches use this model.</source>
        <translation>当前用此模型搜索。</translation>
    </message>
    <message>
        <source>This model&apos;s config asks for a setting of its tokenizer that is not known here: “{name}”.</source>
        <translation>这个模型的配置要求一项未知的分词器设置：“{name}”。</translation>
    </message>
    <message>
        <source>This model&apos;s text part needs one more library: {command}</source>
        <translation>这个模型的文字部分还需要一个库：{command}</translation>
    </message>
    <message>
        <source>This model&apos;s text part needs the library transformers, which does not come with this program. The Python package can have it: {command}. Or use another model.</source>
        <translation>这个模型的文字部分需要 transformers 库，本程序不附带它。Python 软件包可以这样安装：{command}。也可以换用其他模型。</translation>
    </message>
    <message>
        <source>This model&apos;s text part needs {files} of {repository}, which is not on this machine, and nothing is downloaded unasked. Put them beside the weights and import the model again, or get them with: hf download {repository} {files}</source>
        <translation>这个模型的文字部分需要 {repository} 的 {files}，它们不在本机，而程序不会自行下载任何内容。请把它们放在权重旁边并重新导入模型，或运行：hf download {repository} {files}</translation>
    </message>
    <message>
        <source>Available to download</source>
        <translation>可下载</translation>
    </message>
    <message>
        <source>To get one: imagefinder models download NAME. To search with it: imagefinder models use NAME</source>
        <translation>要下载模型：imagefinder models download 名称。要用它搜索：imagefinder models use 名称</translation>
    </message>
    <message>
        <source>Trained on two billion openly collected pictures.</source>
        <comment>a model</comment>
        <translation>用公开收集的二十亿张图片训练而成。</translation>
    </message>
    <message>
        <source>Trouble</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Retry with this architecture</source>
        <translation>按此架构重试</translation>
    </message>
    <message>
        <source>Understands about a hundred languages.</source>
        <comment>a model</comment>
        <translation>理解大约一百种语言。</translation>
    </message>
    <message>
        <source>Understands many languages, and finds the most; slower than the others.</source>
        <comment>a model</comment>
        <translation>理解多种语言，找到的最多；比其他模型慢。</translation>
    </message>
    <message>
        <source>Understands many languages, and is quick for its size.</source>
        <comment>a model</comment>
        <translation>理解多种语言；以其大小来说速度很快。</translation>
    </message>
    <message>
        <source>Until then, searches use {model}.</source>
        <translation>在此之前仍用“{model}”搜索。</translation>
    </message>
    <message>
        <source>Waiting to start…</source>
        <translation>等待开始…</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>You can still see the closest results.</source>
        <translation>可以查看最接近的结果。</translation>
    </message>
    <message>
        <source>Pictures not indexed with the new model yet can be found once they are.</source>
        <translation>尚未用新模型建立索引的图片，建立索引后才能找到。</translation>
    </message>
    <message>
        <source>What probably does not match was left out. --all shows it too.</source>
        <translation>很可能不匹配的结果没有列出。用 --all 可一并显示。</translation>
    </message>
    <message numerus="yes">
        <source>What this library indexed with it is kept (%n pictures and pages): it answers again once the model is back.</source>
        <translation>
            <numerusform>这个资料库用它建立的索引会保留（%n 张图片和页面）：模型回来后即可再用于搜索。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>What was indexed with it is deleted: %n pictures and pages.</source>
        <translation>
            <numerusform>用它建立的索引已删除：%n 张图片和页面。</numerusform>
        </translation>
    </message>
    <message>
        <source>The index is kept, so nothing needs to be re-indexed if you install this model again. Your pictures aren&apos;t affected.</source>
        <translation>索引会保留，以后重新安装此模型时无需重新建立。图片不受影响。</translation>
    </message>
    <message>
        <source>What {host} sent as {file} is not what it says it is (its checksum is wrong), so it was deleted, and nothing of it was used.</source>
        <translation>{host} 发来的 {file} 与其声明不符（校验和不符），因此已删除，没有使用其中任何内容。</translation>
    </message>
    <message>
        <source>Model downloads</source>
        <translation>模型下载</translation>
    </message>
    <message>
        <source>Download settings…</source>
        <translation>下载设置…</translation>
    </message>
    <message>
        <source>Words</source>
        <translation>文字</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>缩放</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>放大</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>缩小</translation>
    </message>
    <message>
        <source>a .safetensors, .pt or .bin file, or a folder with it and its open_clip_config.json</source>
        <translation>.safetensors、.pt 或 .bin 文件，或同时含有它和 open_clip_config.json 的文件夹</translation>
    </message>
    <message>
        <source>a graphics card is fastest in half precision</source>
        <translation>显卡用半精度最快</translation>
    </message>
    <message>
        <source>a picture that hits should look like: a path, or a file: or data: address</source>
        <translation>结果应与之相似的图片：路径，或 file:、data: 地址</translation>
    </message>
    <message>
        <source>a processor gains nothing from more</source>
        <translation>对处理器来说，更多也不会更快</translation>
    </message>
    <message>
        <source>agree to the licence of a model that asks for it</source>
        <translation>同意模型的许可证（部分模型要求）</translation>
    </message>
    <message>
        <source>an architecture of its own</source>
        <translation>自定义架构</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>另有 %n 个</numerusform>
        </translation>
    </message>
    <message>
        <source>another preprocessing</source>
        <translation>另一种预处理</translation>
    </message>
    <message>
        <source>as --model says</source>
        <translation>由 --model 指定</translation>
    </message>
    <message>
        <source>as IMAGEFINDER_MODEL says</source>
        <translation>由 IMAGEFINDER_MODEL 指定</translation>
    </message>
    <message>
        <source>as {names}</source>
        <comment>published weights</comment>
        <translation>已发布的有 {names}</translation>
    </message>
    <message>
        <source>delete the files of a model that was downloaded or imported</source>
        <translation>删除已下载或已导入的模型的文件</translation>
    </message>
    <message>
        <source>delete what this library indexed with it, too</source>
        <translation>同时删除这个资料库用它建立的索引</translation>
    </message>
    <message>
        <source>delete what was indexed with the present model afterwards</source>
        <translation>切换后删除用当前模型建立的索引</translation>
    </message>
    <message>
        <source>do not time the model</source>
        <translation>不测试模型的速度</translation>
    </message>
    <message>
        <source>do not wait until everything is indexed with it</source>
        <translation>不等所有内容都用它建立索引，立即切换</translation>
    </message>
    <message>
        <source>download interrupted: {come} of {all} MB are here</source>
        <translation>下载已中断：{all} MB 中已有 {come} MB</translation>
    </message>
    <message numerus="yes">
        <source>exact search over %n vector(s)</source>
        <translation>
            <numerusform>在 %n 个向量中精确搜索</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>exact search over %n vector(s) in a file, which is slower: the faster index does not fit the memory that is free</source>
        <translation>
            <numerusform>在文件中对 %n 个向量做精确搜索，速度较慢：空闲内存放不下更快的索引</numerusform>
        </translation>
    </message>
    <message>
        <source>finds {count} of 100</source>
        <comment>pictures described in words</comment>
        <translation>每 100 个描述找对 {count} 张</translation>
    </message>
    <message>
        <source>for the best results download CLIP ViT-B-32 (605 MB)</source>
        <translation>要得到最好的结果，请下载 CLIP ViT-B-32（605 MB）</translation>
    </message>
    <message>
        <source>found by trying</source>
        <translation>通过试验得出</translation>
    </message>
    <message>
        <source>found by trying when the model first works</source>
        <translation>模型首次工作时通过试验得出</translation>
    </message>
    <message>
        <source>found out when the model sees its first picture: PyTorch or OpenVINO</source>
        <translation>模型处理第一张图片时确定：PyTorch 或 OpenVINO</translation>
    </message>
    <message>
        <source>get a model of the list from the internet</source>
        <translation>从网上下载列表中的模型</translation>
    </message>
    <message>
        <source>half precision is not safe with every model here</source>
        <translation>在这里，半精度并非对每个模型都可靠</translation>
    </message>
    <message>
        <source>imagefinder has a problem</source>
        <translation>imagefinder 遇到问题</translation>
    </message>
    <message>
        <source>it cannot be read, for a reason that only a newer version of imagefinder can explain ({code})</source>
        <comment>reason</comment>
        <translation>无法读取；其原因要用较新版本的 imagefinder 才能看到（{code}）</translation>
    </message>
    <message>
        <source>it has changed since it was last looked at</source>
        <comment>reason</comment>
        <translation>自上次查看后已有变化</translation>
    </message>
    <message>
        <source>it has no page {number} (it has {count})</source>
        <comment>reason</comment>
        <translation>它没有第 {number} 页（共 {count} 页）</translation>
    </message>
    <message>
        <source>it has no part {number} (it has {count})</source>
        <comment>reason</comment>
        <translation>它没有第 {number} 部分（共 {count} 部分）</translation>
    </message>
    <message>
        <source>it holds the image part of a CLIP model alone, and words need the text part</source>
        <translation>它只有 CLIP 模型的图像部分，而文字需要文字部分</translation>
    </message>
    <message>
        <source>it holds the text part of a CLIP model alone, and pictures need the image part</source>
        <translation>它只有 CLIP 模型的文字部分，而图片需要图像部分</translation>
    </message>
    <message>
        <source>it is a GGUF file of llama.cpp; get the model for open_clip, as .safetensors</source>
        <translation>它是 llama.cpp 的 GGUF 文件；请改用 open_clip 的 .safetensors 版本</translation>
    </message>
    <message>
        <source>it is a LoRA, which changes another model and is none by itself</source>
        <translation>它是 LoRA，用来修改另一个模型，本身不是模型</translation>
    </message>
    <message>
        <source>it is a SigLIP model in the form of the transformers library; get the one for open_clip, which is published with an open_clip_config.json (huggingface.co/timm)</source>
        <translation>它是 transformers 库格式的 SigLIP 模型；请改用 open_clip 的版本，它与 open_clip_config.json 一起发布（huggingface.co/timm）</translation>
    </message>
    <message>
        <source>it is a link into the system&apos;s own files</source>
        <comment>reason</comment>
        <translation>它是指向系统内部文件的链接</translation>
    </message>
    <message>
        <source>it is a model of pictures alone, without the text part that a search by words needs</source>
        <translation>它是只处理图片的模型，没有用文字搜索所需的文字部分</translation>
    </message>
    <message>
        <source>it is a model that paints pictures (Stable Diffusion or its kin), not one that finds them</source>
        <translation>它是生成图片的模型（Stable Diffusion 之类），不是查找图片的模型</translation>
    </message>
    <message>
        <source>it is an HDF5 file, as Keras saves models; get the model for open_clip, as .safetensors</source>
        <translation>它是 HDF5 文件，Keras 用它保存模型；请改用 open_clip 的 .safetensors 版本</translation>
    </message>
    <message>
        <source>it is an ONNX file, which is a program; get the model for open_clip, as .safetensors</source>
        <translation>它是 ONNX 文件，即一个程序；请改用 open_clip 的 .safetensors 版本</translation>
    </message>
    <message>
        <source>it is an archive of NumPy&apos;s, as big_vision saves models; get the model for open_clip</source>
        <translation>它是 NumPy 文件，big_vision 用它保存模型；请改用 open_clip 的版本</translation>
    </message>
    <message>
        <source>it is an archive; unpack it first</source>
        <translation>它是压缩包；请先解压</translation>
    </message>
    <message>
        <source>it is not in the library any more</source>
        <comment>reason</comment>
        <translation>已不在资料库中</translation>
    </message>
    <message>
        <source>it needs more memory than the {megabytes} MB that are free for it now. Close other programs and try again</source>
        <comment>reason</comment>
        <translation>所需内存超过目前可供它使用的 {megabytes} MB。请关闭其他程序后重试</translation>
    </message>
    <message>
        <source>it needs more memory than the {megabytes} MB that decoding one file may take</source>
        <comment>reason</comment>
        <translation>所需内存超过解码单个文件的上限（{megabytes} MB）</translation>
    </message>
    <message>
        <source>its tensors are not named as those of a CLIP model of open_clip are</source>
        <translation>它的张量名称与 open_clip 的 CLIP 模型不同</translation>
    </message>
    <message>
        <source>kept in {folder}</source>
        <translation>保存在 {folder}</translation>
    </message>
    <message>
        <source>knows colours and layout; for words beyond colours, file names and the text of pages are searched</source>
        <comment>a model</comment>
        <translation>只认识颜色和布局；颜色以外的词会在文件名和页面文字中搜索</translation>
    </message>
    <message>
        <source>licence: {name}</source>
        <translation>许可证：{name}</translation>
    </message>
    <message>
        <source>list, download, import, choose and remove models</source>
        <translation>列出、下载、导入、选择和删除模型</translation>
    </message>
    <message>
        <source>many languages</source>
        <translation>多语言</translation>
    </message>
    <message>
        <source>mean {numbers}</source>
        <translation>均值 {numbers}</translation>
    </message>
    <message>
        <source>needs the library transformers</source>
        <translation>需要 transformers 库</translation>
    </message>
    <message>
        <source>no longer there (moved, renamed or deleted): add it where it is now, or forget it by imagefinder remove</source>
        <translation>已不在原处（已被移动、重命名或删除）：请从现在的位置添加，或用 imagefinder remove 移除</translation>
    </message>
    <message>
        <source>no process can be started to decode it. Close other programs and try again</source>
        <comment>reason</comment>
        <translation>无法启动用于解码的进程。请关闭其他程序后重试</translation>
    </message>
    <message>
        <source>none: this PyTorch was built for graphics cards (version {version}), but finds no card, or no driver</source>
        <translation>无：这个 PyTorch 支持显卡（版本 {version}），但没有找到显卡或驱动程序</translation>
    </message>
    <message>
        <source>none: this PyTorch was built for processors alone</source>
        <translation>无：这个 PyTorch 只支持处理器</translation>
    </message>
    <message>
        <source>not here; recommended</source>
        <comment>a model</comment>
        <translation>不在本机；推荐</translation>
    </message>
    <message>
        <source>the folder is read-only</source>
        <comment>copying a file</comment>
        <translation>文件夹为只读</translation>
    </message>
    <message>
        <source>nothing is published so</source>
        <translation>没有这样发布的权重</translation>
    </message>
    <message>
        <source>one number</source>
        <translation>单个数</translation>
    </message>
    <message>
        <source>open_clip&apos;s architecture, ARCH/TAG or a JSON config file, where it cannot be recognised</source>
        <translation>无法识别时使用：open_clip 的架构、ARCH/TAG 或 JSON 配置文件</translation>
    </message>
    <message>
        <source>page {page}: {reason}</source>
        <comment>reason</comment>
        <translation>第 {page} 页：{reason}</translation>
    </message>
    <message>
        <source>relevance {relevance}</source>
        <translation>相关度 {relevance}</translation>
    </message>
    <message>
        <source>resizing “{mode}”, {how}</source>
        <translation>缩放方式“{mode}”，{how}</translation>
    </message>
    <message>
        <source>show the models that can be used, and those worth getting</source>
        <translation>列出可用的模型和值得下载的模型</translation>
    </message>
    <message>
        <source>show what has this similarity at least (a cosine, -1 to 1), and cut off nothing else</source>
        <translation>只显示相似度不低于此值的结果（余弦，-1 到 1），此外不再截去任何结果</translation>
    </message>
    <message>
        <source>show what probably does not match, too, after what does</source>
        <translation>在匹配的结果之后，也显示很可能不匹配的</translation>
    </message>
    <message>
        <source>show what was found on this machine and chosen, and how fast it is</source>
        <translation>检查本机环境，说明所选的内容和速度</translation>
    </message>
    <message>
        <source>small and quick; understands English</source>
        <translation>小而快；理解英文</translation>
    </message>
    <message>
        <source>snow in the mountains</source>
        <comment>an example</comment>
        <translation>山中的雪</translation>
    </message>
    <message>
        <source>sunset over water</source>
        <comment>an example</comment>
        <translation>水面上的日落</translation>
    </message>
    <message>
        <source>take over weights from this disk</source>
        <translation>导入本机磁盘上的权重</translation>
    </message>
    <message>
        <source>the best one on this machine</source>
        <translation>本机最好的模型</translation>
    </message>
    <message>
        <source>file or folder not found</source>
        <comment>copying a file</comment>
        <translation>找不到文件或文件夹</translation>
    </message>
    <message>
        <source>the folder for thumbnails cannot be written</source>
        <comment>reason</comment>
        <translation>无法写入缩略图文件夹</translation>
    </message>
    <message>
        <source>the library&apos;s</source>
        <translation>资料库所用的模型</translation>
    </message>
    <message>
        <source>the picture is damaged, or in a variant of its format that is not supported</source>
        <comment>reason</comment>
        <translation>图片已损坏，或属于不支持的格式变体</translation>
    </message>
    <message>
        <source>the preview cannot be written to {folder} ({error})</source>
        <comment>reason</comment>
        <translation>无法将预览写入 {folder}（{error}）</translation>
    </message>
    <message>
        <source>The picture on {host} is larger than {size} MB.</source>
        <translation>{host} 上的图片大于 {size} MB。</translation>
    </message>
    <message numerus="yes">
        <source>%n picture(s) hidden. To show them again, use the menu above the results.</source>
        <translation>
            <numerusform>已隐藏 %n 张图片。可通过结果上方的菜单恢复显示。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) of kinds that are not read were passed over: {kinds}.</source>
        <translation>
            <numerusform>跳过了 %n 个无法读取的类型的文件：{kinds}。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n cannot be read now (a drive that is away, a folder that is gone, files in the cloud?)</source>
        <translation>
            <numerusform>%n 个现在无法读取（驱动器未连接、文件夹已不在，或文件仅在云端？）</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) were found that are only in the cloud. They have not been read.</source>
        <translation>
            <numerusform>找到了 %n 个仅在云端的文件，尚未读取。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) were found, and none can be read.</source>
        <translation>
            <numerusform>找到了 %n 个文件，但都无法读取。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of them can&apos;t be read now, for example because a drive isn&apos;t connected or they are in the cloud. The switch waits for them.</source>
        <comment>pictures and pages</comment>
        <translation>
            <numerusform>其中 %n 张现在无法读取，例如磁盘未连接，或文件仅在云端。可以读取后才能完成切换。</numerusform>
        </translation>
    </message>
    <message>
        <source>(no longer there)</source>
        <translation>（已不在原处）</translation>
    </message>
    <message>
        <source>--ext names no kind of file. Give some, such as jpg,png,pdf.</source>
        <translation>--ext 没有给出文件类型。请给出类型，例如 jpg,png,pdf。</translation>
    </message>
    <message>
        <source>To search in this language, download a multilingual model.</source>
        <translation>要用这种语言搜索，请下载多语言模型。</translation>
    </message>
    <message>
        <source>A path was given with a character that no file&apos;s name can have.</source>
        <translation>给出的路径含有文件名中不允许的字符。</translation>
    </message>
    <message>
        <source>Add a folder of pictures to search them here.</source>
        <translation>添加图片文件夹，即可在这里搜索。</translation>
    </message>
    <message>
        <source>If it was moved, add it from its new location. Nothing needs to be re-indexed.</source>
        <translation>如果已移动，请从新位置添加，无需重新建立索引。</translation>
    </message>
    <message>
        <source>Addresses are not fetched, so {address} cannot be searched by. Save the picture and give its file.</source>
        <translation>程序不会访问网址，因此无法用 {address} 搜索。请先保存图片，再给出其文件。</translation>
    </message>
    <message>
        <source>Apple graphics processor</source>
        <translation>Apple 图形处理器</translation>
    </message>
    <message numerus="yes">
        <source>At least {count} file(s) not yet read: imagefinder index goes on.</source>
        <translation>
            <numerusform>至少还有 {count} 个文件尚未读取：运行 imagefinder index 可继续。</numerusform>
        </translation>
    </message>
    <message>
        <source>Choose a model…</source>
        <translation>选择模型…</translation>
    </message>
    <message>
        <source>Continue</source>
        <comment>indexing</comment>
        <translation>继续</translation>
    </message>
    <message>
        <source>Continue indexing</source>
        <translation>继续建立索引</translation>
    </message>
    <message>
        <source>Decoding</source>
        <translation>解码</translation>
    </message>
    <message>
        <source>Describe what&apos;s in the picture, or drop a picture to find similar ones.</source>
        <translation>描述图片内容，或拖入图片来查找相似图片。</translation>
    </message>
    <message>
        <source>Download and show</source>
        <translation>下载并显示</translation>
    </message>
    <message>
        <source>Dropped picture</source>
        <translation>拖入的图片</translation>
    </message>
    <message numerus="yes">
        <source>%n file type(s) can&apos;t be read: {kinds}</source>
        <translation>
            <numerusform>以下 %n 种文件无法读取：{kinds}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove {count} file(s) from the library?</source>
        <translation>
            <numerusform>从资料库移除 {count} 个文件？</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove {count} folder(s) from the library?</source>
        <translation>
            <numerusform>从资料库移除 {count} 个文件夹？</numerusform>
        </translation>
    </message>
    <message>
        <source>Remove {count} folders and files from the library?</source>
        <translation>从资料库移除 {count} 个文件夹和文件？</translation>
    </message>
    <message>
        <source>Match</source>
        <translation>匹配</translation>
    </message>
    <message>
        <source>Get a better model…</source>
        <comment>a model</comment>
        <translation>获取更好的模型…</translation>
    </message>
    <message>
        <source>Free memory:</source>
        <translation>释放内存：</translation>
    </message>
    <message>
        <source>Free the model&apos;s memory</source>
        <translation>释放模型占用的内存</translation>
    </message>
    <message>
        <source>Resume download</source>
        <translation>继续下载</translation>
    </message>
    <message>
        <source>Graphics</source>
        <translation>显卡</translation>
    </message>
    <message numerus="yes">
        <source>HNSW over %n vector(s)</source>
        <translation>
            <numerusform>在 %n 个向量中用 HNSW 搜索</numerusform>
        </translation>
    </message>
    <message>
        <source>{share} found in the name or on the page</source>
        <comment>such as 50% of the words</comment>
        <translation>名称或页面{share}</translation>
    </message>
    <message>
        <source>I have read and agree to the licence:</source>
        <translation>我已阅读并同意许可证：</translation>
    </message>
    <message>
        <source>Identity</source>
        <translation>标识</translation>
    </message>
    <message>
        <source>ImageNet: of 100 pictures, how many it names rightly of 1000 things. COCO and Flickr30k: of 100 sentences, for how many the picture meant comes first.</source>
        <translation>ImageNet：每 100 张图片，能从 1000 种事物中认对多少张。COCO 和 Flickr30k：每 100 个句子，有多少个能把所指的图片排在第一。</translation>
    </message>
    <message>
        <source>Ranks the right one of 1,000 pictures first for {percent} of 100 descriptions (Flickr30k).</source>
        <translation>在 1,000 张图片中，每 100 个描述有 {percent} 个把正确的图片排在第一（Flickr30k）。</translation>
    </message>
    <message>
        <source>Ranks the right one of 5,000 pictures first for {percent} of 100 descriptions (COCO).</source>
        <translation>在 5,000 张图片中，每 100 个描述有 {percent} 个把正确的图片排在第一（COCO）。</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>使用中</translation>
    </message>
    <message>
        <source>Index</source>
        <translation>索引</translation>
    </message>
    <message>
        <source>Indexing</source>
        <comment>a page of the settings</comment>
        <translation>索引</translation>
    </message>
    <message>
        <source>Indexing is paused. Resume it to search your pictures.</source>
        <translation>索引已暂停。继续建立索引后即可搜索。</translation>
    </message>
    <message>
        <source>Leave them in the cloud (Esc)</source>
        <translation>留在云端 (Esc)</translation>
    </message>
    <message>
        <source>Looking for models…</source>
        <translation>正在查找模型…</translation>
    </message>
    <message>
        <source>Matches</source>
        <translation>匹配结果</translation>
    </message>
    <message>
        <source>Memory limit</source>
        <translation>内存上限</translation>
    </message>
    <message>
        <source>Models for many languages: imagefinder models list</source>
        <translation>多语言模型：imagefinder models list</translation>
    </message>
    <message>
        <source>Enter a colour or words from a page, or drop a picture to find similar ones.</source>
        <translation>输入颜色或页面中的文字，或拖入图片来查找相似图片。</translation>
    </message>
    <message>
        <source>Names and page text were indexed by an older version, so some words may be missed. The next indexing brings them up to date.</source>
        <translation>文件名和页面文字由旧版本建立索引，可能漏掉某些词。下次建立索引时会更新。</translation>
    </message>
    <message>
        <source>No file and no folder matched {globs}. Check the spelling.</source>
        <translation>没有文件或文件夹与 {globs} 匹配。请检查写法。</translation>
    </message>
    <message>
        <source>No files</source>
        <translation>禁止访问文件</translation>
    </message>
    <message>
        <source>Missing: its folder was moved, renamed or deleted.</source>
        <translation>找不到：所在文件夹已移动、重命名或删除。</translation>
    </message>
    <message>
        <source>No network</source>
        <translation>禁止联网</translation>
    </message>
    <message>
        <source>No picture or PDF was found in what was added.</source>
        <translation>在已添加的内容中没有找到图片或 PDF。</translation>
    </message>
    <message>
        <source>Couldn&apos;t copy to {folder}: {names} ({reason}).</source>
        <translation>无法复制到 {folder}：{names}（{reason}）。</translation>
    </message>
    <message numerus="yes">
        <source>Couldn&apos;t copy to {folder}: {names} and %n more file(s) ({reason}).</source>
        <translation>
            <numerusform>无法复制到 {folder}：{names} 和另外 %n 个文件（{reason}）。</numerusform>
        </translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>暂不</translation>
    </message>
    <message>
        <source>Pictures can&apos;t be indexed because the model isn&apos;t available.</source>
        <translation>模型不可用，无法建立索引。</translation>
    </message>
    <message>
        <source>Your library is empty</source>
        <translation>资料库为空</translation>
    </message>
    <message>
        <source>Nothing is in the library yet.</source>
        <translation>资料库中还没有内容。</translation>
    </message>
    <message>
        <source>Nothing is indexed with this model yet, so only file names and page text were searched.</source>
        <translation>尚未使用此模型建立索引，因此只搜索了文件名和页面文字。</translation>
    </message>
    <message>
        <source>Nothing to search</source>
        <translation>没有可搜索的内容</translation>
    </message>
    <message>
        <source>OpenVINO: the model came converted for it</source>
        <translation>OpenVINO：模型自带为其转换好的文件</translation>
    </message>
    <message>
        <source>Own process</source>
        <translation>独立进程</translation>
    </message>
    <message>
        <source>Passed over: files of kinds that are not read</source>
        <translation>已跳过：无法读取的类型的文件</translation>
    </message>
    <message>
        <source>Pictures will be searched in a moment.</source>
        <translation>稍后将搜索图片。</translation>
    </message>
    <message>
        <source>Your pictures, searches and index never leave this computer. The network is used for two things only: to download a picture when you drop a link from a web browser, and to download a model when you ask for it.</source>
        <translation>图片、搜索内容和索引始终保留在本机。网络只用于两件事：从浏览器拖入图片链接时下载该图片，以及按要求下载模型。</translation>
    </message>
    <message>
        <source>Possible matches</source>
        <translation>可能匹配的结果</translation>
    </message>
    <message>
        <source>Program</source>
        <translation>程序</translation>
    </message>
    <message>
        <source>Proxy</source>
        <translation>代理</translation>
    </message>
    <message>
        <source>Proxy:</source>
        <translation>代理：</translation>
    </message>
    <message>
        <source>Download</source>
        <comment>files in the cloud</comment>
        <translation>下载</translation>
    </message>
    <message>
        <source>Download and index the files in the cloud</source>
        <translation>下载云端文件并建立索引</translation>
    </message>
    <message>
        <source>Download…</source>
        <comment>files in the cloud</comment>
        <translation>下载…</translation>
    </message>
    <message numerus="yes">
        <source>Download and index {count} file(s) in the cloud?</source>
        <translation>
            <numerusform>下载并索引 {count} 个云端文件？</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Download {count} file(s) from the cloud…</source>
        <translation>
            <numerusform>下载 {count} 个云端文件…</numerusform>
        </translation>
    </message>
    <message>
        <source>Recognised as {arch} by its tensors; nothing is published for it, so open_clip&apos;s own preprocessing is used.</source>
        <translation>已根据张量识别为 {arch}；没有为它发布过权重，因此使用 open_clip 自己的预处理。</translation>
    </message>
    <message>
        <source>Recognised as {arch} by its tensors; preprocessing as for {tags}.</source>
        <translation>已根据张量识别为 {arch}；预处理与 {tags} 相同。</translation>
    </message>
    <message>
        <source>Recognised as {arch} by {config}, which says nothing of preprocessing: open_clip&apos;s own is used.</source>
        <translation>已根据 {config} 识别为 {arch}；其中没有说明预处理，因此使用 open_clip 自己的预处理。</translation>
    </message>
    <message>
        <source>Recognised as {arch}; preprocessing from {config}.</source>
        <translation>已识别为 {arch}；预处理取自 {config}。</translation>
    </message>
    <message>
        <source>Recognised by its checksum: these are the published weights {model}.</source>
        <translation>已根据校验和识别：这是已发布的权重 {model}。</translation>
    </message>
    <message>
        <source>Recommended</source>
        <translation>推荐</translation>
    </message>
    <message>
        <source>Relevance</source>
        <translation>相关度</translation>
    </message>
    <message>
        <source>Relevance {relevance} · similarity {similarity}</source>
        <translation>相关度 {relevance} · 相似度 {similarity}</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Delete {model}? This frees about {size}.</source>
        <translation>删除 {model}？可释放约 {size}。</translation>
    </message>
    <message>
        <source>Delete {model}? Only imagefinder&apos;s copy is deleted, not the original file.</source>
        <translation>删除 {model}？只删除 imagefinder 保存的副本，原文件不受影响。</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>删除…</translation>
    </message>
    <message>
        <source>Search by the pictures, and add the folders to the library</source>
        <translation>用这些图片搜索，并将文件夹添加到资料库</translation>
    </message>
    <message numerus="yes">
        <source>Search by these %n file(s)</source>
        <translation>
            <numerusform>用这 %n 个文件搜索</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Search by these %n picture(s)</source>
        <translation>
            <numerusform>用这 %n 张图片搜索</numerusform>
        </translation>
    </message>
    <message>
        <source>Switch to the new model right away. Pictures that can&apos;t be read now are indexed when they&apos;re available.</source>
        <translation>立即切换到新模型。现在无法读取的图片，可以读取后再建立索引。</translation>
    </message>
    <message>
        <source>Search with {model}</source>
        <comment>another model</comment>
        <translation>用 {model} 搜索</translation>
    </message>
    <message numerus="yes">
        <source>Search {count} picture(s) and page(s)</source>
        <translation>
            <numerusform>搜索 {count} 张图片和页面</numerusform>
        </translation>
    </message>
    <message>
        <source>Show possible matches</source>
        <translation>显示可能匹配的结果</translation>
    </message>
    <message>
        <source>Show less likely matches below these results</source>
        <translation>在下方显示匹配度较低的结果</translation>
    </message>
    <message>
        <source>Similarity</source>
        <translation>相似度</translation>
    </message>
    <message>
        <source>Small and fast · English · built in</source>
        <translation>小而快 · 英文 · 内置</translation>
    </message>
    <message>
        <source>Small and quick, made for telephones; for research only.</source>
        <comment>a model</comment>
        <translation>小而快，为手机设计；仅限研究使用。</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Starter model</source>
        <translation>入门模型</translation>
    </message>
    <message>
        <source>Starter model (built in). For the best results download CLIP ViT-B-32 (605 MB): imagefinder models download {model}</source>
        <translation>入门模型（内置）。要得到最好的结果，请下载 CLIP ViT-B-32（605 MB）：imagefinder models download {model}</translation>
    </message>
    <message>
        <source>Stop the download. You can resume it later.</source>
        <translation>停止下载，之后可继续。</translation>
    </message>
    <message>
        <source>Stopped ({done}). What was indexed is kept.</source>
        <translation>已停止（{done}）。已索引的内容会保留。</translation>
    </message>
    <message>
        <source>Stopped. What was indexed is kept.</source>
        <translation>已停止。已索引的内容会保留。</translation>
    </message>
    <message>
        <source>Stopped. {count} MB of {model} are here and kept; the same command goes on from there.</source>
        <translation>已停止。{model} 已下载的 {count} MB 会保留；再次运行同一命令即可继续。</translation>
    </message>
    <message>
        <source>Stopped: {done}; {left} not read yet.</source>
        <comment>files</comment>
        <translation>已停止：{done}；{left} 个尚未读取。</translation>
    </message>
    <message>
        <source>System</source>
        <translation>系统</translation>
    </message>
    <message>
        <source>System-call filter</source>
        <translation>系统调用过滤</translation>
    </message>
    <message>
        <source>Taken as {arch}; preprocessing is what is published for it.</source>
        <translation>按 {arch} 处理；预处理采用为它发布的设置。</translation>
    </message>
    <message>
        <source>Imported from a file</source>
        <translation>从文件导入</translation>
    </message>
    <message>
        <source>Uses about {memory} of memory.</source>
        <comment>{memory} is an amount, such as 900 MB</comment>
        <translation>运行时占用约 {memory} 内存。</translation>
    </message>
    <message numerus="yes">
        <source>That is more than the model reads at once, so it was read in %n pieces.</source>
        <translation>
            <numerusform>文字超出了模型一次能读取的长度，已分为 %n 段读取。</numerusform>
        </translation>
    </message>
    <message>
        <source>That text is too long to search by: it has {count} characters, and {most} are read at most. Give the part that matters.</source>
        <translation>文字太长，无法用来搜索：共 {count} 个字符，最多可读取 {most} 个。请只给出重要的部分。</translation>
    </message>
    <message>
        <source>Set a mirror or a proxy</source>
        <translation>设置镜像或代理</translation>
    </message>
    <message>
        <source>The proxy address must begin with http:// or socks5://.</source>
        <translation>代理地址必须以 http:// 或 socks5:// 开头。</translation>
    </message>
    <message>
        <source>The bars show for how many of 100 descriptions a model ranks the right one of 5,000 pictures first. Nothing is downloaded until you ask for it.</source>
        <translation>横条表示每 100 个描述中，有多少个能把 5,000 张图片里正确的那张排在第一。不会自动下载任何模型。</translation>
    </message>
    <message>
        <source>The best choice for most: it finds much more than the starter model.</source>
        <comment>a model</comment>
        <translation>最适合大多数人：比入门模型找到的多得多。</translation>
    </message>
    <message>
        <source>The best of the English ones for its size; for research only.</source>
        <comment>a model</comment>
        <translation>同等大小的英文模型中最好的；仅限研究使用。</translation>
    </message>
    <message>
        <source>Your cloud app downloads the files. This takes time and disk space.</source>
        <translation>文件由云盘程序下载，需要时间并占用磁盘空间。</translation>
    </message>
    <message>
        <source>The connection to {host} was cut.</source>
        <translation>与 {host} 的连接已中断。</translation>
    </message>
    <message>
        <source>The download was interrupted. What came is kept, and it can go on from there.</source>
        <translation>下载已中断。已下载的部分会保留，可以从中断处继续。</translation>
    </message>
    <message>
        <source>The first CLIP; many other programs search with it.</source>
        <comment>a model</comment>
        <translation>最早的 CLIP；许多其他程序也用它搜索。</translation>
    </message>
    <message>
        <source>Choose the model&apos;s folder</source>
        <translation>选择模型文件夹</translation>
    </message>
    <message>
        <source>The folder {folder} holds no weights. Expected is a file such as open_clip_model.safetensors, and open_clip_config.json beside it.</source>
        <translation>文件夹 {folder} 中没有权重。需要 open_clip_model.safetensors 这样的文件，旁边还要有 open_clip_config.json。</translation>
    </message>
    <message>
        <source>The folder {folder} holds several weights files: {names}. Name the one to import.</source>
        <translation>文件夹 {folder} 中有多个权重文件：{names}。请指明要导入哪一个。</translation>
    </message>
    <message>
        <source>The folder {folder} is empty.</source>
        <translation>文件夹 {folder} 是空的。</translation>
    </message>
    <message>
        <source>The folders were not looked through to the end: imagefinder index goes on.</source>
        <translation>文件夹尚未全部扫描完：运行 imagefinder index 可继续。</translation>
    </message>
    <message>
        <source>The library is being indexed with this model; see above.</source>
        <translation>正在用此模型为资料库建立索引，见上方。</translation>
    </message>
    <message>
        <source>The library is empty, so this model is used from the first picture on.</source>
        <translation>资料库为空，从第一张图片起就用此模型建立索引。</translation>
    </message>
    <message>
        <source>The library transformers cannot be loaded: {reason}.</source>
        <translation>无法加载 transformers 库：{reason}。</translation>
    </message>
    <message>
        <source>Library folder</source>
        <translation>资料库文件夹</translation>
    </message>
    <message>
        <source>The model does not know these words: file names and page text were searched.</source>
        <translation>模型不认识这些词：已搜索文件名和页面文字。</translation>
    </message>
    <message>
        <source>The model does not know these words: the pictures given, file names and page text were searched.</source>
        <translation>模型不认识这些词：已按所给图片、文件名和页面文字搜索。</translation>
    </message>
    <message>
        <source>The model does not know: {words}. For that, only file names and page text were searched.</source>
        <translation>模型不认识：{words}。对此只搜索了文件名和页面文字。</translation>
    </message>
    <message>
        <source>The model is still loading. Until then, only file names and page text are searched.</source>
        <translation>模型仍在加载，目前只搜索文件名和页面文字。</translation>
    </message>
    <message>
        <source>The model understands your pictures and words. A larger model finds more, but takes longer to index.</source>
        <translation>模型用来理解图片和文字。模型越大，找得越准，建立索引也越慢。</translation>
    </message>
    <message>
        <source>The model needs {needed} MB in {folder}, where {free} MB are free. Nothing was imported.</source>
        <translation>模型在 {folder} 中需要 {needed} MB，而那里剩余 {free} MB。没有导入任何内容。</translation>
    </message>
    <message>
        <source>The server name is missing. Example: https://hub.example</source>
        <translation>缺少服务器名称。示例：https://hub.example</translation>
    </message>
    <message>
        <source>The next search then takes longer because the model has to be loaded again.</source>
        <translation>释放后，下次搜索需要重新加载模型。</translation>
    </message>
    <message>
        <source>The part of imagefinder that reads pictures was ended by another program and is started again. Nothing is lost.</source>
        <translation>imagefinder 中读取图片的部分被其他程序结束，正在重新启动。没有丢失任何内容。</translation>
    </message>
    <message>
        <source>The part of imagefinder that reads pictures was ended by force, perhaps because memory ran out, and is started again. Nothing is lost.</source>
        <translation>imagefinder 中读取图片的部分被强行结束（可能是内存不足），正在重新启动。没有丢失任何内容。</translation>
    </message>
    <message>
        <source>The picture can&apos;t be accessed: {reason}.</source>
        <translation>无法访问图片：{reason}。</translation>
    </message>
    <message>
        <source>The picture couldn&apos;t be downloaded from {host}: {reason}.</source>
        <translation>无法从 {host} 下载图片：{reason}。</translation>
    </message>
    <message>
        <source>The picture couldn&apos;t be saved: {reason}.</source>
        <translation>无法保存图片：{reason}。</translation>
    </message>
    <message>
        <source>The picture is damaged or can&apos;t be read.</source>
        <translation>图片已损坏或无法读取。</translation>
    </message>
    <message>
        <source>The picture is too large to be shown here.</source>
        <translation>图片太大，无法在这里显示。</translation>
    </message>
    <message>
        <source>The screenshot couldn&apos;t be saved to {file}.</source>
        <translation>无法将窗口截图保存到 {file}。</translation>
    </message>
    <message>
        <source>imagefinder is closing.</source>
        <translation>imagefinder 正在关闭。</translation>
    </message>
    <message>
        <source>The proxy wants a name and a password: http://NAME:PASSWORD@HOST:PORT</source>
        <translation>代理要求用户名和密码：http://用户名:密码@主机:端口。</translation>
    </message>
    <message>
        <source>The proxy {proxy} cannot be reached.</source>
        <translation>无法连接代理 {proxy}。</translation>
    </message>
    <message>
        <source>The proxy {proxy} cannot be used: {reason}.</source>
        <translation>无法使用代理 {proxy}：{reason}。</translation>
    </message>
    <message>
        <source>The report below helps to fix this. It contains no file names and isn&apos;t sent anywhere automatically.</source>
        <translation>下面的报告有助于修复问题。其中不含文件名，也不会自动发送。</translation>
    </message>
    <message>
        <source>The remaining results are less likely to match.</source>
        <translation>其余结果匹配度较低。</translation>
    </message>
    <message>
        <source>The server name or the port isn&apos;t valid.</source>
        <translation>服务器名称或端口无效。</translation>
    </message>
    <message>
        <source>Your settings couldn&apos;t be saved ({reason}). They apply until you close the window.</source>
        <translation>无法保存设置（{reason}）。更改在关闭窗口前有效。</translation>
    </message>
    <message>
        <source>The starter model is small.
Download a larger one to find more.</source>
        <translation>入门模型较小。
下载更大的模型，能找到更多。</translation>
    </message>
    <message>
        <source>The model understands English only: file names and page text were searched.</source>
        <translation>模型只懂英文：已搜索文件名和页面文字。</translation>
    </message>
    <message>
        <source>The model understands English only: the pictures given, file names and page text were searched.</source>
        <translation>模型只懂英文：已按所给图片、文件名和页面文字搜索。</translation>
    </message>
    <message>
        <source>The system has no more memory for this, or no more threads. Nothing indexed is lost: close other programs, and run the same command again.</source>
        <translation>系统已没有更多内存或线程可用。已索引的内容不会丢失：请关闭其他程序，然后重新运行同一命令。</translation>
    </message>
    <message>
        <source>Thumbnails folder</source>
        <translation>缩略图文件夹</translation>
    </message>
    <message>
        <source>The tokenizer in {folder} cannot be used: {reason}. Get its files again.</source>
        <translation>无法使用 {folder} 中的分词器：{reason}。请重新获取其文件。</translation>
    </message>
    <message>
        <source>The weights do not fit the architecture {arch}: {what}.</source>
        <translation>权重与架构 {arch} 不符：{what}。</translation>
    </message>
    <message>
        <source>The weights do not fit the architecture {arch}: {what}. {hint} Nothing was imported.</source>
        <translation>权重与架构 {arch} 不符：{what}。{hint}没有导入任何内容。</translation>
    </message>
    <message>
        <source>The weights in {path} are in several pieces ({index}), which open_clip does not read. Get the model as one file.</source>
        <translation>{path} 中的权重分成了多个文件（{index}），open_clip 无法读取。请改用只有一个文件的模型。</translation>
    </message>
    <message>
        <source>The weights in {path} are quantised ({kinds}), which open_clip cannot read. Get the model in float32, float16 or bfloat16.</source>
        <translation>{path} 中的权重经过量化（{kinds}），open_clip 无法读取。请改用 float32、float16 或 bfloat16 的模型。</translation>
    </message>
    <message>
        <source>The weights of {model} are not on this machine. {how_to_get}</source>
        <translation>{model} 的权重不在本机。{how_to_get}</translation>
    </message>
    <message>
        <source>The window can&apos;t be opened: part of Qt can&apos;t be loaded ({reason}).</source>
        <translation>无法打开窗口：Qt 的部分组件无法加载（{reason}）。</translation>
    </message>
    <message>
        <source>The window can&apos;t be opened because system libraries are missing. On Debian or Ubuntu, install them with: sudo apt install {packages}</source>
        <translation>无法打开窗口：缺少系统库。在 Debian 或 Ubuntu 上可运行以下命令安装：sudo apt install {packages}</translation>
    </message>
    <message>
        <source>The window can&apos;t be opened: display {display} isn&apos;t responding.</source>
        <translation>无法打开窗口：显示器 {display} 没有响应。</translation>
    </message>
    <message>
        <source>The window can&apos;t be opened: no display was found.</source>
        <translation>无法打开窗口：未找到显示器。</translation>
    </message>
    <message>
        <source>The screenshot timed out because the window was still changing. Try again.</source>
        <translation>窗口仍在变化，截图超时。请重试。</translation>
    </message>
    <message>
        <source>The window needs PySide6, which is not installed: pip install PySide6-Essentials.</source>
        <translation>窗口需要 PySide6，但尚未安装：pip install PySide6-Essentials。</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>主题</translation>
    </message>
    <message>
        <source>Theme:</source>
        <translation>主题：</translation>
    </message>
    <message>
        <source>Then find any of them by describing what&apos;s in it, or by dropping a similar picture. PDFs work too: every page can be found by its look and its text.</source>
        <translation>然后描述内容或拖入相似的图片，就能找到其中任何一张。PDF 也一样：每一页都能按外观和文字找到。</translation>
    </message>
    <message>
        <source>All files can be read.</source>
        <comment>files that cannot be read</comment>
        <translation>所有文件都可以读取。</translation>
    </message>
    <message>
        <source>There is a model called “{name}” already. Choose another name.</source>
        <translation>已有名为“{name}”的模型。请换一个名称。</translation>
    </message>
    <message>
        <source>There is no device “{device}” here. This machine has: {devices}.</source>
        <translation>本机没有设备“{device}”。本机有：{devices}。</translation>
    </message>
    <message>
        <source>There is no file {path}.</source>
        <translation>找不到文件 {path}。</translation>
    </message>
    <message>
        <source>There is no model architecture called “{name}”.{perhaps}</source>
        <translation>没有名为“{name}”的模型架构。{perhaps}</translation>
    </message>
    <message>
        <source>There is no model called “{name}” to download.{perhaps} Those that there are: imagefinder models list</source>
        <translation>没有名为“{name}”的模型可供下载。{perhaps}查看所有模型：imagefinder models list</translation>
    </message>
    <message>
        <source>There is no model called “{name}”.{perhaps}</source>
        <translation>没有名为“{name}”的模型。{perhaps}</translation>
    </message>
    <message>
        <source>There is no model called “{name}”.{perhaps} Those that are here: imagefinder models list</source>
        <translation>没有名为“{name}”的模型。{perhaps}查看已有的模型：imagefinder models list</translation>
    </message>
    <message>
        <source>There is no page {number} in {name}.</source>
        <translation>{name} 中没有第 {number} 页。</translation>
    </message>
    <message>
        <source>No picture was found to search by.</source>
        <translation>没有找到可用来搜索的图片。</translation>
    </message>
    <message>
        <source>There isn&apos;t enough space to show another search side by side. It&apos;s in a tab instead.</source>
        <translation>空间不足，无法并排显示，已改用标签页。</translation>
    </message>
    <message>
        <source>There is no way to {host}: its name cannot be resolved. Is this machine online?</source>
        <translation>无法连接 {host}：无法解析其名称。本机联网了吗？</translation>
    </message>
    <message>
        <source>There is no {path}. Check the spelling, or whether its drive is connected.</source>
        <translation>找不到 {path}。请检查拼写，或它所在的磁盘是否已连接。</translation>
    </message>
    <message>
        <source>There is too little room for the model in {folder}: it needs {needed} MB, and {free} MB are free. Nothing was downloaded; make room and try again.</source>
        <translation>{folder} 的空间不足以存放模型：需要 {needed} MB，剩余 {free} MB。没有下载任何内容；请腾出空间后重试。</translation>
    </message>
    <message>
        <source>These weights are here already, and nothing was copied. Use them with: imagefinder models use {model}</source>
        <translation>这些权重已在本机，没有复制任何内容。要使用它们，请运行：imagefinder models use {model}</translation>
    </message>
    <message>
        <source>These weights are here already, as {model}; nothing was copied.</source>
        <translation>这些权重已在本机，名为 {model}；没有复制任何内容。</translation>
    </message>
    <message>
        <source>They fit no other architecture of open_clip either.</source>
        <translation>它们也不符合 open_clip 的其他架构。</translation>
    </message>
    <message>
        <source>They fit {archs}.</source>
        <translation>它们符合 {archs}。</translation>
    </message>
    <message>
        <source>You can delete thumbnails at any time. They are created again when needed.</source>
        <translation>缩略图可以随时删除，需要时会重新生成。</translation>
    </message>
    <message>
        <source>This failed by a mistake in imagefinder itself. Its log says more.</source>
        <translation>由于 imagefinder 自身的错误，操作失败。详情见日志。</translation>
    </message>
    <message>
        <source>This file can&apos;t be found. It was moved, renamed or deleted.</source>
        <translation>找不到此文件：可能已移动、重命名或删除。</translation>
    </message>
    <message>
        <source>This folder can&apos;t be found. It was moved, renamed or deleted.</source>
        <translation>找不到此文件夹：可能已移动、重命名或删除。</translation>
    </message>
    <message>
        <source>This is a mistake in imagefinder itself: {error}. Nothing indexed is lost. The details for a report are in {log}.</source>
        <translation>这是 imagefinder 自身的错误：{error}。已建立的索引没有丢失。可用于报告问题的详细信息在 {log} 中。</translation>
    </message>
    <message>
        <source>This type of picture can&apos;t be shown here.</source>
        <translation>这里无法显示这种类型的图片。</translation>
    </message>
    <message>
        <source>This library is being changed to {model}. Call that off first (imagefinder models use {present}), then remove it.</source>
        <translation>这个资料库正在切换到 {model}。请先取消切换（imagefinder models use {present}），再删除它。</translation>
    </message>
    <message numerus="yes">
        <source>This library is being changed to {model}: %n pictures and pages are still to be indexed with it (imagefinder index). Until then {present} answers.</source>
        <translation>
            <numerusform>这个资料库正在切换到 {model}：还有 %n 张图片和页面要用它建立索引（imagefinder index）。在此之前仍用 {present} 搜索。</numerusform>
        </translation>
    </message>
    <message>
        <source>This library is being indexed already. Wait until that is done.</source>
        <translation>这个资料库已经在建立索引。请等它完成。</translation>
    </message>
    <message>
        <source>This library now uses {model}.</source>
        <translation>此资料库现已改用 {model}。</translation>
    </message>
    <message numerus="yes">
        <source>This library is searched with {model} from now on. %n pictures and pages are still to be indexed with it: imagefinder index</source>
        <translation>
            <numerusform>从现在起用 {model} 搜索这个资料库。还有 %n 张图片和页面要用它建立索引：imagefinder index</numerusform>
        </translation>
    </message>
    <message>
        <source>This library is searched with {model}. Use another one first (imagefinder models use NAME), then remove it.</source>
        <translation>这个资料库正用 {model} 搜索。请先换用另一个模型（imagefinder models use 名称），再删除它。</translation>
    </message>
    <message>
        <source>This library stays with {model}.</source>
        <translation>这个资料库仍用 {model}。</translation>
    </message>
    <message>
        <source>This library was written by a newer version of imagefinder. Update the program, or name another library with --library.</source>
        <translation>这个资料库由更新版本的 imagefinder 写成。请更新程序，或用 --library 指定另一个资料库。</translation>
    </message>
    <message>
        <source>This picture cannot be shown, by a mistake in imagefinder itself.</source>
        <translation>由于 imagefinder 自身的错误，无法显示这张图片。</translation>
    </message>
    <message>
        <source>This picture is not in the library any more. Search again.</source>
        <translation>这张图片已不在资料库中。请重新搜索。</translation>
    </message>
    <message>
        <source>Search failed</source>
        <translation>搜索失败</translation>
    </message>
    <message>
        <source>This search failed by a mistake in imagefinder itself. Its log says more.</source>
        <translation>由于 imagefinder 自身的错误，这次搜索失败。详情见日志。</translation>
    </message>
    <message>
        <source>Thumbnails</source>
        <translation>缩略图</translation>
    </message>
    <message>
        <source>Time limit</source>
        <translation>时间上限</translation>
    </message>
    <message>
        <source>To look again: imagefinder index. To see more: imagefinder status.</source>
        <translation>重新扫描：imagefinder index。查看详情：imagefinder status。</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Retry all</source>
        <translation>全部重试</translation>
    </message>
    <message>
        <source>Try another picture, or describe it in words.</source>
        <translation>请换一张图片，或用文字描述。</translation>
    </message>
    <message>
        <source>Retry selected</source>
        <translation>重试所选</translation>
    </message>
    <message>
        <source>Try fewer or different words, or drop a similar picture.</source>
        <translation>请减少或更换文字，或拖入一张相似的图片。</translation>
    </message>
    <message>
        <source>Previous or next page</source>
        <translation>上一页或下一页</translation>
    </message>
    <message>
        <source>Unreadable</source>
        <translation>无法读取</translation>
    </message>
    <message>
        <source>Up to date</source>
        <translation>已是最新</translation>
    </message>
    <message>
        <source>Updating the word index</source>
        <translation>正在更新文字索引</translation>
    </message>
    <message>
        <source>Updating the text index…</source>
        <translation>正在更新文字索引…</translation>
    </message>
    <message>
        <source>Change folder…</source>
        <translation>更换文件夹…</translation>
    </message>
    <message>
        <source>Use in a new search</source>
        <translation>在新搜索中使用</translation>
    </message>
    <message>
        <source>Use this model</source>
        <translation>使用此模型</translation>
    </message>
    <message>
        <source>Version {version}</source>
        <translation>版本 {version}</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待中</translation>
    </message>
    <message>
        <source>Waiting for the model</source>
        <translation>正在等待模型</translation>
    </message>
    <message>
        <source>Welcome</source>
        <translation>欢迎</translation>
    </message>
    <message>
        <source>What can be searched</source>
        <translation>可搜索的内容</translation>
    </message>
    <message>
        <source>Pictures not indexed with this model yet are indexed in the background. Until that&apos;s done, searches use {present}. Then imagefinder switches automatically.</source>
        <translation>尚未用此模型建立索引的图片会在后台处理。完成前仍用“{present}”搜索，完成后自动切换。</translation>
    </message>
    <message>
        <source>What to look for</source>
        <translation>要查找的内容</translation>
    </message>
    <message>
        <source>What was added cannot be reached now. Is its drive connected?</source>
        <translation>现在无法访问已添加的内容。其磁盘是否已连接？</translation>
    </message>
    <message>
        <source>What was added has not been read yet.</source>
        <translation>已添加的内容尚未读取。</translation>
    </message>
    <message>
        <source>What was added is not there any more: it was moved, renamed or deleted.</source>
        <translation>已添加的内容已不存在：它被移动、重命名或删除了。</translation>
    </message>
    <message>
        <source>What you dropped isn&apos;t a picture that imagefinder can read.</source>
        <translation>拖入的内容不是可以读取的图片。</translation>
    </message>
    <message>
        <source>The library is stored in one folder, which you can copy or back up.</source>
        <translation>资料库保存在一个文件夹中，可以整体复制和备份。</translation>
    </message>
    <message>
        <source>The clipboard doesn&apos;t contain a picture that imagefinder can read.</source>
        <translation>剪贴板中没有可以读取的图片。</translation>
    </message>
    <message>
        <source>Hidden pictures aren&apos;t shown. You can show them from the menu above.</source>
        <translation>隐藏的图片不会显示，可通过上方菜单显示。</translation>
    </message>
    <message>
        <source>{host} didn&apos;t send a picture. The link may lead to a web page.</source>
        <translation>{host} 返回的不是图片，可能是网页。</translation>
    </message>
    <message>
        <source>Automatic (fastest)</source>
        <translation>自动（最快）</translation>
    </message>
    <message>
        <source>While the window is open:</source>
        <translation>窗口打开时：</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>原因</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>原因</translation>
    </message>
    <message>
        <source>Words in names and on pages</source>
        <translation>文件名和页面中的文字</translation>
    </message>
    <message>
        <source>Performance</source>
        <translation>性能</translation>
    </message>
    <message>
        <source>a dog on the beach</source>
        <comment>an example</comment>
        <translation>海滩上的狗</translation>
    </message>
    <message>
        <source>a few seconds left</source>
        <translation>还剩几秒</translation>
    </message>
    <message>
        <source>a file stands in its place. Name another folder with --library</source>
        <translation>那里是一个文件。请用 --library 指定另一个文件夹</translation>
    </message>
    <message>
        <source>a folder, a picture or a PDF</source>
        <translation>文件夹、图片或 PDF</translation>
    </message>
    <message>
        <source>a name stands in it twice</source>
        <translation>其中有重复的名称</translation>
    </message>
    <message>
        <source>a path given to add before</source>
        <translation>之前用 add 添加的路径</translation>
    </message>
    <message>
        <source>a picture to search by, or a folder to add</source>
        <translation>用来搜索的图片，或要添加的文件夹</translation>
    </message>
    <message>
        <source>a window of {text} cannot be shown; give a size from {smallest} to {largest}</source>
        <translation>无法显示 {text} 的窗口；请给出 {smallest} 到 {largest} 之间的大小</translation>
    </message>
    <message>
        <source>about {hours} h left</source>
        <translation>大约还剩 {hours} 小时</translation>
    </message>
    <message>
        <source>about {hours} h {minutes} min left</source>
        <translation>大约还剩 {hours} 小时 {minutes} 分钟</translation>
    </message>
    <message>
        <source>about {minutes} min left</source>
        <translation>大约还剩 {minutes} 分钟</translation>
    </message>
    <message>
        <source>about {seconds} s left</source>
        <translation>大约还剩 {seconds} 秒</translation>
    </message>
    <message>
        <source>active</source>
        <translation>已启用</translation>
    </message>
    <message>
        <source>add folders, pictures or PDFs, and index them</source>
        <translation>添加文件夹、图片或 PDF，并建立索引</translation>
    </message>
    <message>
        <source>ambiguous option: {option} could match {matches}</source>
        <comment>argparse</comment>
        <translation>选项不明确：{option} 可能是 {matches}</translation>
    </message>
    <message>
        <source>and {count} more</source>
        <comment>folders</comment>
        <translation>另有 {count} 个</translation>
    </message>
    <message>
        <source>another program keeps it locked</source>
        <comment>reason</comment>
        <translation>另一个程序锁定了它</translation>
    </message>
    <message>
        <source>argument {name}: {problem}</source>
        <translation>参数 {name}：{problem}</translation>
    </message>
    <message>
        <source>bfloat16 is not known to be faster on this processor</source>
        <translation>未知 bfloat16 在此处理器上更快</translation>
    </message>
    <message>
        <source>birthday cake</source>
        <comment>an example</comment>
        <translation>生日蛋糕</translation>
    </message>
    <message>
        <source>blue and white</source>
        <translation>蓝色和白色</translation>
    </message>
    <message>
        <source>choose the model that this library is searched with</source>
        <translation>选择搜索这个资料库所用的模型</translation>
    </message>
    <message>
        <source>chosen when something is added</source>
        <translation>添加内容时选定</translation>
    </message>
    <message>
        <source>damaged: most of the picture is missing</source>
        <comment>reason</comment>
        <translation>已损坏：图片大部分缺失</translation>
    </message>
    <message>
        <source>damaged: the lower part is missing</source>
        <comment>reason</comment>
        <translation>已损坏：图片下半部分缺失</translation>
    </message>
    <message>
        <source>damaged: the upper part is missing</source>
        <comment>reason</comment>
        <translation>已损坏：图片上半部分缺失</translation>
    </message>
    <message>
        <source>do not look into subfolders</source>
        <translation>不查看子文件夹</translation>
    </message>
    <message>
        <source>encrypted: it opens only with a password</source>
        <comment>reason</comment>
        <translation>已加密：需要密码才能打开</translation>
    </message>
    <message>
        <source>examples:
  imagefinder                                            the window
  imagefinder search &quot;a red bicycle&quot; --in ~/Pictures     index that folder if needed, then find
  imagefinder add ~/Pictures ~/Documents/scans           add folders, pictures or PDFs
  imagefinder search --image holiday.jpg -n 5            pictures like this one
  imagefinder search &quot;invoice 2024&quot; --paths              file names alone, for other programs

Everything stays on this machine. The library is kept in your data folder, or where --library or
IMAGEFINDER_LIBRARY says. Exit status: 0 found, 1 nothing found, 2 something was wrong,
130 stopped by Ctrl-C.
</source>
        <translation>示例：
  imagefinder                                            打开窗口
  imagefinder search &quot;a red bicycle&quot; --in ~/Pictures     需要时先为该文件夹建立索引，再搜索
  imagefinder add ~/Pictures ~/Documents/scans           添加文件夹、图片或 PDF
  imagefinder search --image holiday.jpg -n 5            查找与这张图片相似的图片
  imagefinder search &quot;发票 2024&quot; --paths                 只输出文件名，供其他程序使用

所有内容都留在本机。资料库保存在用户数据文件夹中，或由 --library 或
IMAGEFINDER_LIBRARY 指定。退出状态：0 有结果，1 没有结果，2 出错，
130 被 Ctrl-C 停止。
</translation>
    </message>
    <message>
        <source>expected at least one argument</source>
        <comment>argparse</comment>
        <translation>至少需要一个值</translation>
    </message>
    <message>
        <source>expected is a .safetensors file, or a .pt or .bin file of PyTorch, whole and undamaged</source>
        <translation>需要完整无损的 .safetensors 文件，或 PyTorch 的 .pt、.bin 文件</translation>
    </message>
    <message>
        <source>expected one argument</source>
        <comment>argparse</comment>
        <translation>需要一个值</translation>
    </message>
    <message>
        <source>find pictures and pages by words, by a picture, or by both</source>
        <translation>用文字、图片或两者一起查找图片和页面</translation>
    </message>
    <message>
        <source>forget folders or files that were added; the files stay on disk</source>
        <translation>移除已添加的文件夹或文件的记录；文件仍留在磁盘上</translation>
    </message>
    <message>
        <source>general</source>
        <translation>通用选项</translation>
    </message>
    <message>
        <source>green</source>
        <translation>绿色</translation>
    </message>
    <message>
        <source>hidden from results</source>
        <translation>已从结果中隐藏</translation>
    </message>
    <message>
        <source>how large it is, such as 1280x800</source>
        <translation>窗口大小，例如 1280x800</translation>
    </message>
    <message>
        <source>how many hits (20)</source>
        <translation>结果数量（默认 20）</translation>
    </message>
    <message>
        <source>ignored explicit argument {value}</source>
        <comment>argparse</comment>
        <translation>不接受值 {value}</translation>
    </message>
    <message>
        <source>in this machine&apos;s model cache</source>
        <translation>在本机的模型缓存中</translation>
    </message>
    <message>
        <source>in use</source>
        <comment>a model</comment>
        <translation>使用中</translation>
    </message>
    <message>
        <source>int8 was faster when it was tried, and its vectors nearly the same</source>
        <translation>试用时 int8 更快，且向量几乎相同</translation>
    </message>
    <message>
        <source>invalid choice: {value} (choose from {choices})</source>
        <comment>argparse</comment>
        <translation>不能是 {value}（可选：{choices}）</translation>
    </message>
    <message>
        <source>it cannot be read</source>
        <comment>reason</comment>
        <translation>无法读取</translation>
    </message>
    <message>
        <source>it cannot be written there. Check its permissions, or name another folder with --library</source>
        <translation>那里无法写入。请检查权限，或用 --library 指定另一个文件夹</translation>
    </message>
    <message>
        <source>it holds no object of JSON, as a config does</source>
        <translation>其中不是 JSON 对象，不是模型的配置</translation>
    </message>
    <message>
        <source>it holds {text}, which is no number</source>
        <translation>其中的 {text} 不是数值</translation>
    </message>
    <message>
        <source>it is a folder, not a file</source>
        <comment>reason</comment>
        <translation>它是文件夹，不是文件</translation>
    </message>
    <message>
        <source>it is a link that leads back to itself</source>
        <comment>reason</comment>
        <translation>它是指向自身的链接</translation>
    </message>
    <message>
        <source>it is a picture</source>
        <translation>它是图片</translation>
    </message>
    <message>
        <source>it is a web page, saved in place of the download</source>
        <translation>它是网页，保存时取代了要下载的文件</translation>
    </message>
    <message>
        <source>it is a zip archive of something else</source>
        <translation>它是其他内容的 zip 压缩包</translation>
    </message>
    <message>
        <source>it is empty</source>
        <translation>它是空的</translation>
    </message>
    <message>
        <source>it is in the cloud and not on this disk</source>
        <comment>reason</comment>
        <translation>仅在云端，不在本机磁盘上</translation>
    </message>
    <message>
        <source>it is larger than any CLIP model</source>
        <translation>它比任何 CLIP 模型都大</translation>
    </message>
    <message>
        <source>it is nested too deeply</source>
        <translation>嵌套层数过多</translation>
    </message>
    <message>
        <source>it is no longer there</source>
        <comment>reason</comment>
        <translation>它已不在那里</translation>
    </message>
    <message>
        <source>it is not a PDF, though its name says so</source>
        <comment>reason</comment>
        <translation>虽然名称是 PDF，但它不是 PDF 文件</translation>
    </message>
    <message>
        <source>it is not an ordinary file but a pipe, a socket or a device</source>
        <comment>reason</comment>
        <translation>它不是普通文件，而是管道、套接字或设备</translation>
    </message>
    <message>
        <source>it is only a Git LFS pointer to the weights; fetch the real file with git lfs pull, or by the download button of the web page</source>
        <translation>它只是指向权重的 Git LFS 指针；请用 git lfs pull 或网页上的下载按钮取得真正的文件</translation>
    </message>
    <message>
        <source>invalid response</source>
        <comment>a server&apos;s</comment>
        <translation>服务器响应无效</translation>
    </message>
    <message>
        <source>its colours</source>
        <translation>窗口配色</translation>
    </message>
    <message>
        <source>its disk is full. All that was indexed before is kept: free some space and run this again</source>
        <translation>磁盘已满。之前建立的索引都已保留：请腾出一些空间后再运行</translation>
    </message>
    <message>
        <source>drive not connected</source>
        <translation>磁盘未连接</translation>
    </message>
    <message>
        <source>its drive or network folder does not answer</source>
        <comment>reason</comment>
        <translation>它所在的磁盘或网络文件夹没有响应</translation>
    </message>
    <message>
        <source>its name is longer than the system allows</source>
        <comment>reason</comment>
        <translation>它的名称超过了系统允许的长度</translation>
    </message>
    <message>
        <source>its table of contents is larger than that of any model</source>
        <translation>它的目录比任何模型的都大</translation>
    </message>
    <message>
        <source>its tensors would take many times the memory that the file has bytes</source>
        <translation>其中的张量所需的内存是文件大小的许多倍</translation>
    </message>
    <message>
        <source>jpg, heic, png</source>
        <comment>an example of a list of kinds of file</comment>
        <translation>jpg, heic, png</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>刚刚</translation>
    </message>
    <message>
        <source>let a picture searched by be a hit itself</source>
        <translation>用来搜索的图片本身也可以出现在结果中</translation>
    </message>
    <message>
        <source>limited by the system</source>
        <translation>由系统限制</translation>
    </message>
    <message>
        <source>look for new, changed, moved and deleted files in everything added</source>
        <translation>在所有已添加的内容中查找新增、更改、移动和删除的文件</translation>
    </message>
    <message>
        <source>no fast bfloat16 known of</source>
        <translation>未知有快速的 bfloat16</translation>
    </message>
    <message>
        <source>missing</source>
        <translation>找不到</translation>
    </message>
    <message>
        <source>no pictures or PDFs found</source>
        <translation>没有找到图片或 PDF</translation>
    </message>
    <message>
        <source>no subfolders</source>
        <translation>不含子文件夹</translation>
    </message>
    <message>
        <source>none can be started, so most files cannot be read</source>
        <translation>无法启动，因此大多数文件无法读取</translation>
    </message>
    <message>
        <source>none yet</source>
        <translation>还没有</translation>
    </message>
    <message>
        <source>not a picture in any known format</source>
        <comment>reason</comment>
        <translation>不是任何已知格式的图片</translation>
    </message>
    <message>
        <source>not a picture or PDF in any known format</source>
        <comment>reason</comment>
        <translation>不是任何已知格式的图片或 PDF</translation>
    </message>
    <message>
        <source>not allowed with argument {name}</source>
        <comment>argparse</comment>
        <translation>不能与 {name} 一起使用</translation>
    </message>
    <message>
        <source>not available on this system</source>
        <translation>此系统不支持</translation>
    </message>
    <message>
        <source>not here</source>
        <comment>a model</comment>
        <translation>不在本机</translation>
    </message>
    <message>
        <source>not fully scanned yet</source>
        <translation>尚未扫描完</translation>
    </message>
    <message>
        <source>not looked through to the end: imagefinder index goes on</source>
        <translation>尚未全部扫描完：运行 imagefinder index 可继续</translation>
    </message>
    <message>
        <source>nothing new indexed</source>
        <translation>没有新增索引</translation>
    </message>
    <message>
        <source>offline</source>
        <translation>离线</translation>
    </message>
    <message>
        <source>on {date}</source>
        <translation>{date}</translation>
    </message>
    <message>
        <source>only here; brought up to date first, and added if it is new</source>
        <translation>只在这里搜索；会先更新它，如果是新的则先添加</translation>
    </message>
    <message>
        <source>only these kinds of file, such as jpg,png,pdf</source>
        <translation>只要这些文件类型，例如 jpg,png,pdf</translation>
    </message>
    <message>
        <source>only {what}</source>
        <translation>只要 {what}</translation>
    </message>
    <message>
        <source>open the best hit in the system&apos;s viewer</source>
        <translation>用系统的查看程序打开最佳结果</translation>
    </message>
    <message>
        <source>open the window, as imagefinder alone does</source>
        <translation>打开窗口，与不带命令的 imagefinder 相同</translation>
    </message>
    <message>
        <source>open_clip cannot build a model from this config: {reason}.</source>
        <translation>open_clip 无法用这个配置建立模型：{reason}。</translation>
    </message>
    <message>
        <source>open_clip has no weights called “{name}” for {arch}.{perhaps}</source>
        <translation>open_clip 没有适用于 {arch} 的权重“{name}”。{perhaps}</translation>
    </message>
    <message>
        <source>options</source>
        <translation>选项</translation>
    </message>
    <message>
        <source>orange</source>
        <comment>the colour</comment>
        <translation>橙色</translation>
    </message>
    <message>
        <source>p. {number}</source>
        <comment>short for page</comment>
        <translation>第 {number} 页</translation>
    </message>
    <message>
        <source>page {number}</source>
        <translation>第 {number} 页</translation>
    </message>
    <message>
        <source>pass over what matches, as in .gitignore</source>
        <translation>跳过匹配的内容，写法与 .gitignore 相同</translation>
    </message>
    <message>
        <source>pictures of {size} pixels in patches of {patch} are more than any model takes</source>
        <translation>{size} 像素的图片按 {patch} 像素分块，超出了所有模型的规模</translation>
    </message>
    <message>
        <source>positional arguments</source>
        <translation>位置参数</translation>
    </message>
    <message>
        <source>print one JSON object</source>
        <translation>输出一个 JSON 对象</translation>
    </message>
    <message>
        <source>print paths alone, one a line</source>
        <translation>只输出路径，每行一个</translation>
    </message>
    <message>
        <source>read files that are only in the cloud, too: the cloud&apos;s own program downloads them</source>
        <translation>也读取仅在云端的文件：由云盘自己的程序下载</translation>
    </message>
    <message>
        <source>reading it took too long: more than {seconds} seconds of the processor&apos;s time</source>
        <comment>reason</comment>
        <translation>读取时间过长：占用处理器超过 {seconds} 秒</translation>
    </message>
    <message>
        <source>ready</source>
        <comment>a model</comment>
        <translation>可用</translation>
    </message>
    <message>
        <source>red</source>
        <translation>红色</translation>
    </message>
    <message>
        <source>scanned {when}</source>
        <translation>上次扫描：{when}</translation>
    </message>
    <message>
        <source>score {score}</source>
        <translation>得分 {score}</translation>
    </message>
    <message>
        <source>search for these words at once</source>
        <translation>打开后立即搜索这些文字</translation>
    </message>
    <message>
        <source>show program&apos;s version number and exit</source>
        <translation>显示版本号并退出</translation>
    </message>
    <message>
        <source>show this help message and exit</source>
        <translation>显示这段帮助并退出</translation>
    </message>
    <message>
        <source>show what is in the library, and what could not be read</source>
        <translation>显示资料库的内容和无法读取的文件</translation>
    </message>
    <message>
        <source>take only files that match, as in .gitignore</source>
        <translation>只要匹配的文件，写法与 .gitignore 相同</translation>
    </message>
    <message>
        <source>the PDF is damaged</source>
        <comment>reason</comment>
        <translation>PDF 已损坏</translation>
    </message>
    <message>
        <source>the PDF is damaged: no page can be found in it</source>
        <comment>reason</comment>
        <translation>PDF 已损坏：找不到任何页面</translation>
    </message>
    <message>
        <source>the connection was interrupted</source>
        <translation>连接中断</translation>
    </message>
    <message>
        <source>the decoder crashed on it</source>
        <comment>reason</comment>
        <translation>解码器处理它时崩溃</translation>
    </message>
    <message>
        <source>the drive reports a read error</source>
        <comment>reason</comment>
        <translation>磁盘报告读取错误</translation>
    </message>
    <message>
        <source>the file is empty</source>
        <comment>reason</comment>
        <translation>文件是空的</translation>
    </message>
    <message>
        <source>the folder cannot be listed: {reason}</source>
        <comment>reason</comment>
        <translation>无法列出文件夹的内容：{reason}</translation>
    </message>
    <message>
        <source>the following arguments are required: {names}</source>
        <comment>argparse</comment>
        <translation>缺少必需的参数：{names}</translation>
    </message>
    <message>
        <source>the language of this program: en or zh_CN</source>
        <translation>程序的语言：en 或 zh_CN</translation>
    </message>
    <message>
        <source>the link points to a file that is not there</source>
        <comment>reason</comment>
        <translation>链接指向的文件不存在</translation>
    </message>
    <message>
        <source>the page has no size</source>
        <comment>reason</comment>
        <translation>页面没有尺寸</translation>
    </message>
    <message>
        <source>the picture is cut short (the file ends too early)</source>
        <comment>reason</comment>
        <translation>图片不完整（文件过早结束）</translation>
    </message>
    <message>
        <source>the picture is damaged</source>
        <comment>reason</comment>
        <translation>图片已损坏</translation>
    </message>
    <message>
        <source>the picture is in a variant of its format that is not supported</source>
        <comment>reason</comment>
        <translation>图片采用了该格式中不受支持的变体</translation>
    </message>
    <message>
        <source>the place of “{name}” makes no sense</source>
        <translation>“{name}”的位置或大小不合理</translation>
    </message>
    <message>
        <source>the system cannot read it ({error})</source>
        <comment>reason</comment>
        <translation>系统无法读取它（{error}）</translation>
    </message>
    <message>
        <source>the system says: {reason}</source>
        <translation>系统提示：{reason}</translation>
    </message>
    <message>
        <source>the system stopped its decoder, most likely because memory ran out</source>
        <comment>reason</comment>
        <translation>系统终止了解码器，很可能是因为内存不足</translation>
    </message>
    <message>
        <source>the window</source>
        <translation>窗口选项</translation>
    </message>
    <message>
        <source>the window&apos;s picture is a PNG file; give a name that ends in .png, not {name}</source>
        <translation>窗口画面是 PNG 文件；请给出以 .png 结尾的文件名，而不是 {name}</translation>
    </message>
    <message>
        <source>there is no folder {folder} to write into</source>
        <translation>没有可供写入的文件夹 {folder}</translation>
    </message>
    <message>
        <source>this library is being changed to it</source>
        <comment>a model</comment>
        <translation>资料库正在切换到它</translation>
    </message>
    <message>
        <source>through which proxy</source>
        <translation>使用的代理</translation>
    </message>
    <message>
        <source>too large (the limit is {limit} megapixels)</source>
        <comment>reason</comment>
        <translation>太大（上限为 {limit} 百万像素）</translation>
    </message>
    <message>
        <source>unrecognized arguments: {names}</source>
        <comment>argparse</comment>
        <translation>无法识别的参数：{names}</translation>
    </message>
    <message>
        <source>usage: </source>
        <translation>用法：</translation>
    </message>
    <message>
        <source>watched by the program</source>
        <translation>由程序监控</translation>
    </message>
    <message>
        <source>what is in it is compressed, as PyTorch never does</source>
        <translation>其中的内容经过压缩，而 PyTorch 从不这样保存</translation>
    </message>
    <message>
        <source>what to call the model</source>
        <translation>模型的名称</translation>
    </message>
    <message>
        <source>what to compute on</source>
        <translation>用于计算的设备</translation>
    </message>
    <message>
        <source>what to look for, in words</source>
        <translation>要查找的内容，用文字描述</translation>
    </message>
    <message>
        <source>where from, in place of huggingface.co (or of HF_ENDPOINT)</source>
        <translation>下载地址，取代 huggingface.co（或 HF_ENDPOINT）</translation>
    </message>
    <message>
        <source>where the index is kept</source>
        <translation>资料库（索引）的位置</translation>
    </message>
    <message>
        <source>which model to use (see: models list)</source>
        <translation>使用哪个模型（参见：models list）</translation>
    </message>
    <message>
        <source>with --paths: end each with a NUL byte</source>
        <translation>与 --paths 一起使用：每个路径以 NUL 字节结尾</translation>
    </message>
    <message>
        <source>without {what}</source>
        <translation>排除 {what}</translation>
    </message>
    <message>
        <source>write a picture of it to a PNG file, and close it</source>
        <translation>把窗口画面写入 PNG 文件，然后关闭窗口</translation>
    </message>
    <message>
        <source>yes, for all but plain JPEG and PNG pictures</source>
        <translation>是，普通 JPEG 和 PNG 图片除外</translation>
    </message>
    <message>
        <source>you have no permission to read it</source>
        <comment>reason</comment>
        <translation>没有读取它的权限</translation>
    </message>
    <message>
        <source>{all}, of which {free} free</source>
        <translation>{all}，其中 {free} 可用</translation>
    </message>
    <message>
        <source>{amount} · indexing paused</source>
        <translation>{amount} · 索引已暂停</translation>
    </message>
    <message numerus="yes">
        <source>{amount} · {count} file(s) not read yet</source>
        <translation>
            <numerusform>{amount} · {count} 个文件尚未读取</numerusform>
        </translation>
    </message>
    <message>
        <source>{amount}, {covered} indexed</source>
        <translation>{amount}，其中 {covered} 张已建立索引</translation>
    </message>
    <message>
        <source>{amount}, {done} indexed with {model}</source>
        <comment>{model} is the one to come</comment>
        <translation>{amount}，其中 {done} 张已用 {model} 建立索引</translation>
    </message>
    <message>
        <source>{choice} ({differences}; {such})</source>
        <translation>{choice}（{differences}；{such}）</translation>
    </message>
    <message>
        <source>{count} GB</source>
        <translation>{count} GB</translation>
    </message>
    <message>
        <source>{count} MB</source>
        <translation>{count} MB</translation>
    </message>
    <message>
        <source>{count} MB of memory</source>
        <translation>占用内存 {count} MB</translation>
    </message>
    <message>
        <source>{count} MB to download</source>
        <translation>下载 {count} MB</translation>
    </message>
    <message>
        <source>{count} can&apos;t be read</source>
        <comment>files</comment>
        <translation>{count} 个无法读取</translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s)</source>
        <translation>
            <numerusform>{count} 个文件</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) are in the library already.</source>
        <translation>
            <numerusform>{count} 个文件已在资料库中。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) haven&apos;t been read yet.</source>
        <translation>
            <numerusform>还有 {count} 个文件尚未读取。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) are only in the cloud and were not read. Have the cloud&apos;s own program download them, then run imagefinder index.</source>
        <translation>
            <numerusform>有 {count} 个文件仅在云端，没有读取。请用云盘自己的程序下载它们，然后运行 imagefinder index。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) are only in the cloud and were not read. imagefinder index --download reads them; the cloud&apos;s own program downloads them for it.</source>
        <translation>
            <numerusform>有 {count} 个文件仅在云端，没有读取。imagefinder index --download 可读取它们；文件由云盘自己的程序下载。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) can&apos;t be read</source>
        <translation>
            <numerusform>{count} 个文件无法读取</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Copied {count} item(s) as text.</source>
        <translation>
            <numerusform>已将 {count} 项复制为文本。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) not yet read: imagefinder index goes on.</source>
        <translation>
            <numerusform>还有 {count} 个文件尚未读取：运行 imagefinder index 可继续。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) offline</source>
        <translation>
            <numerusform>{count} 个文件离线</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} file(s) will be read again.</source>
        <translation>
            <numerusform>将重新读取 {count} 个文件。</numerusform>
        </translation>
    </message>
    <message>
        <source>{count} files and folders</source>
        <translation>{count} 个文件和文件夹</translation>
    </message>
    <message>
        <source>{count} files/s</source>
        <translation>{count} 个文件/秒</translation>
    </message>
    <message numerus="yes">
        <source>{count} folder(s)</source>
        <translation>
            <numerusform>{count} 个文件夹</numerusform>
        </translation>
    </message>
    <message>
        <source>{count} removed</source>
        <comment>files</comment>
        <translation>{count} 个已移除</translation>
    </message>
    <message>
        <source>{count} in the cloud</source>
        <comment>files</comment>
        <translation>{count} 个仅在云端</translation>
    </message>
    <message>
        <source>{count} indexed</source>
        <translation>{count} 个已建立索引</translation>
    </message>
    <message>
        <source>{count} indexed</source>
        <comment>files</comment>
        <translation>{count} 个已建立索引</translation>
    </message>
    <message>
        <source>{count} indexed ({items} pictures and pages)</source>
        <translation>{count} 个已建立索引（{items} 张图片和页面）</translation>
    </message>
    <message>
        <source>{count} recognised as moved or copied</source>
        <comment>files</comment>
        <translation>{count} 个识别为移动或复制</translation>
    </message>
    <message>
        <source>{count} moved, copied or touched</source>
        <translation>{count} 个已移动、复制或更新时间</translation>
    </message>
    <message>
        <source>{count} missing (kept)</source>
        <comment>files</comment>
        <translation>{count} 个找不到（已保留）</translation>
    </message>
    <message>
        <source>{count} no longer there, kept (see: imagefinder status)</source>
        <translation>{count} 个已不在原处，已保留（见：imagefinder status）</translation>
    </message>
    <message>
        <source>{count} not read yet</source>
        <comment>files</comment>
        <translation>{count} 个尚未读取</translation>
    </message>
    <message>
        <source>{count} not yet read: imagefinder index goes on</source>
        <comment>files</comment>
        <translation>{count} 个尚未读取：运行 imagefinder index 可继续</translation>
    </message>
    <message>
        <source>{count} offline</source>
        <translation>{count} 个离线</translation>
    </message>
    <message>
        <source>{count} offline</source>
        <comment>files</comment>
        <translation>{count} 个离线</translation>
    </message>
    <message>
        <source>{count} offline, kept</source>
        <translation>{count} 个离线（保留）</translation>
    </message>
    <message numerus="yes">
        <source>{count} other(s)</source>
        <comment>files</comment>
        <translation>
            <numerusform>其他 {count} 个</numerusform>
        </translation>
    </message>
    <message>
        <source>{count} pages</source>
        <translation>{count} 页</translation>
    </message>
    <message numerus="yes">
        <source>{count} picture(s) and page(s)</source>
        <translation>
            <numerusform>{count} 张图片和页面</numerusform>
        </translation>
    </message>
    <message>
        <source>{count} removed</source>
        <translation>{count} 个已移除</translation>
    </message>
    <message numerus="yes">
        <source>{count} result(s), {order}</source>
        <translation>
            <numerusform>{count} 个结果，{order}</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{count} thumbnail(s), {size}</source>
        <translation>
            <numerusform>{count} 个缩略图，{size}</numerusform>
        </translation>
    </message>
    <message>
        <source>{count} to download in your cloud app</source>
        <comment>files</comment>
        <translation>{count} 个需在云盘程序中下载</translation>
    </message>
    <message>
        <source>{count} unchanged</source>
        <translation>{count} 个未变</translation>
    </message>
    <message>
        <source>{count} unreadable (see: imagefinder status)</source>
        <translation>{count} 个无法读取（参见：imagefinder status）</translation>
    </message>
    <message>
        <source>{count} vectors/s</source>
        <translation>{count} 个向量/秒</translation>
    </message>
    <message>
        <source>{count} queued</source>
        <translation>{count} 个排队中</translation>
    </message>
    <message>
        <source>{done} - {seconds} s</source>
        <translation>{done} - {seconds} 秒</translation>
    </message>
    <message>
        <source>{done} MB</source>
        <translation>{done} MB</translation>
    </message>
    <message>
        <source>{done} of {total} MB</source>
        <translation>{done} / {total} MB</translation>
    </message>
    <message>
        <source>{done} of {total} indexed.</source>
        <translation>已建立索引：{done} / {total}。</translation>
    </message>
    <message>
        <source>{done} of {total} indexed. Searches still use {model}.</source>
        <comment>{model} is the model in use</comment>
        <translation>已建立索引：{done} / {total}。目前仍用 {model} 搜索。</translation>
    </message>
    <message>
        <source>{done} of {total} pictures and pages indexed.</source>
        <translation>已为 {done} / {total} 张图片和页面建立索引。</translation>
    </message>
    <message>
        <source>{first} s for the first, loading included; then {next} ms</source>
        <translation>第一次 {first} 秒（含加载）；之后 {next} 毫秒</translation>
    </message>
    <message>
        <source>{first} {second}</source>
        <comment>two sentences</comment>
        <translation>{first}{second}</translation>
    </message>
    <message>
        <source>{first}; {second}</source>
        <comment>parts of a line</comment>
        <translation>{first}；{second}</translation>
    </message>
    <message>
        <source>{folder} (not there yet; {room})</source>
        <translation>{folder}（尚不存在；{room}）</translation>
    </message>
    <message>
        <source>{folder} ({size}; {room})</source>
        <translation>{folder}（{size}；{room}）</translation>
    </message>
    <message>
        <source>{free} free on its disk</source>
        <translation>所在磁盘剩余 {free}</translation>
    </message>
    <message>
        <source>{host} cannot be reached. Is this machine online?</source>
        <translation>无法连接 {host}。本机联网了吗？</translation>
    </message>
    <message>
        <source>{host} cannot be understood: {reason}.</source>
        <translation>无法理解 {host} 的响应：{reason}。</translation>
    </message>
    <message>
        <source>{host} couldn&apos;t be found. Check your internet connection.</source>
        <translation>找不到 {host}，请检查网络连接。</translation>
    </message>
    <message>
        <source>{host} didn&apos;t send the picture within {seconds} seconds.</source>
        <translation>{host} 在 {seconds} 秒内没有发来图片。</translation>
    </message>
    <message>
        <source>{host} does not answer as a model hub does. Is its address right, and is there no login page or firewall in between?</source>
        <translation>{host} 的响应不像模型库。地址是否正确？中间是否有登录页面或防火墙？</translation>
    </message>
    <message>
        <source>{host} does not answer.</source>
        <translation>{host} 没有响应。</translation>
    </message>
    <message>
        <source>{host} didn&apos;t return the picture (HTTP {status}).</source>
        <translation>{host} 没有返回图片（HTTP {status}）。</translation>
    </message>
    <message>
        <source>{host} does not give {repository} to everybody (status {status}): its owner may want it to be asked for on its page.</source>
        <translation>{host} 不向所有人提供 {repository}（状态 {status}）：所有者可能要求先在其页面上申请。</translation>
    </message>
    <message>
        <source>{host} has no {file} in {repository}: it may have been moved or taken away.</source>
        <translation>{host} 的 {repository} 中没有 {file}：它可能已被移走或删除。</translation>
    </message>
    <message>
        <source>{host} is asked too much just now.</source>
        <translation>{host} 现在请求过多。</translation>
    </message>
    <message>
        <source>The link redirects to an insecure connection ({host}).</source>
        <translation>该链接跳转到了不安全的连接（{host}）。</translation>
    </message>
    <message>
        <source>{host} is on this computer or the local network, so nothing was downloaded. You can allow this in Settings &gt; Network.</source>
        <translation>{host} 位于本机或局域网，因此没有下载。可在“设置 &gt; 网络”中允许。</translation>
    </message>
    <message>
        <source>{host} is out of order just now (status {status}).</source>
        <translation>{host} 现在出了故障（状态 {status}）。</translation>
    </message>
    <message>
        <source>{host} refuses (status {status}).</source>
        <translation>{host} 拒绝了请求（状态 {status}）。</translation>
    </message>
    <message>
        <source>{host} refuses the connection.</source>
        <translation>{host} 拒绝连接。</translation>
    </message>
    <message>
        <source>{host} sends one round in circles.</source>
        <translation>{host} 的转向没有尽头。</translation>
    </message>
    <message>
        <source>{library} not installed</source>
        <translation>{library} 未安装</translation>
    </message>
    <message>
        <source>{missing} of {all} aren&apos;t indexed with this model yet.</source>
        <translation>{all} 张中还有 {missing} 张未用此模型建立索引。</translation>
    </message>
    <message>
        <source>{model} on {device}</source>
        <translation>{model}，运行于 {device}</translation>
    </message>
    <message>
        <source>{model}. A better one is here: imagefinder models use {better}</source>
        <translation>{model}。这里有更好的模型：imagefinder models use {better}</translation>
    </message>
    <message>
        <source>{model}: {done} of {all} indexed</source>
        <translation>{model}：{all} 张中已有 {done} 张建立了索引</translation>
    </message>
    <message>
        <source>{names} and {count} more</source>
        <translation>{names} 以及另外 {count} 个</translation>
    </message>
    <message>
        <source>{name} ({key})</source>
        <translation>{name} ({key})</translation>
    </message>
    <message numerus="yes">
        <source>{name} and %n more file(s) couldn&apos;t be found and were left out.</source>
        <translation>
            <numerusform>找不到 {name} 和另外 %n 个文件，已略过。</numerusform>
        </translation>
    </message>
    <message>
        <source>{name} couldn&apos;t be copied.</source>
        <translation>无法复制 {name}。</translation>
    </message>
    <message>
        <source>{name} cannot be shown: {reason}.</source>
        <translation>无法显示 {name}：{reason}。</translation>
    </message>
    <message>
        <source>{name} in {folder}</source>
        <translation>{folder} 中的 {name}</translation>
    </message>
    <message>
        <source>{name} is a link whose target doesn&apos;t exist.</source>
        <translation>{name} 是失效的链接，目标不存在。</translation>
    </message>
    <message>
        <source>{name} is in the cloud and not on this disk.</source>
        <translation>{name} 仅在云端，不在本机磁盘上。</translation>
    </message>
    <message>
        <source>{name} is no longer there: its folder was moved, renamed or deleted.</source>
        <translation>{name} 已不在原处：其文件夹已被移动、重命名或删除。</translation>
    </message>
    <message>
        <source>{name} couldn&apos;t be found and was left out.</source>
        <translation>找不到 {name}，已略过。</translation>
    </message>
    <message>
        <source>{name} is on a drive that isn&apos;t connected. Connect it and try again.</source>
        <translation>{name} 所在的磁盘未连接。请连接后重试。</translation>
    </message>
    <message>
        <source>{name} is on a drive that is not connected now. Connect it to see the picture.</source>
        <translation>{name} 所在的磁盘现在没有连接。连接后即可查看图片。</translation>
    </message>
    <message>
        <source>{name}, page {page}</source>
        <translation>{name}，第 {page} 页</translation>
    </message>
    <message>
        <source>{number} of {parts}</source>
        <translation>{number} / {parts}</translation>
    </message>
    <message>
        <source>{number} of {total}</source>
        <translation>{number} / {total}</translation>
    </message>
    <message>
        <source>{number}+</source>
        <comment>at least that many</comment>
        <translation>{number}+</translation>
    </message>
    <message>
        <source>{old} is {new} now, and was taken out of the library.</source>
        <translation>{old} 现在是 {new}，旧位置已从资料库中移除。</translation>
    </message>
    <message>
        <source>{option} is for the window, not for {command}.</source>
        <translation>{option} 只用于窗口，不能用于 {command}。</translation>
    </message>
    <message>
        <source>{order}, more below</source>
        <translation>{order}，下方还有更多</translation>
    </message>
    <message>
        <source>{path} (not there yet)</source>
        <translation>{path}（尚不存在）</translation>
    </message>
    <message>
        <source>{path} asks for “{name}”, by which program code could be fetched and run; it is refused.</source>
        <translation>{path} 要求“{name}”，这可能会获取并运行程序代码，因此已拒绝。</translation>
    </message>
    <message>
        <source>{path} cannot be imported: {what}.</source>
        <translation>无法导入 {path}：{what}。</translation>
    </message>
    <message>
        <source>{path} can&apos;t be accessed: {reason}.</source>
        <translation>无法访问 {path}：{reason}。</translation>
    </message>
    <message>
        <source>{path} cannot be read: {reason}.</source>
        <translation>无法读取 {path}：{reason}。</translation>
    </message>
    <message>
        <source>{path} cannot be used as a picture to search by: {reason}.</source>
        <translation>无法用 {path} 作为图片来搜索：{reason}。</translation>
    </message>
    <message>
        <source>{path} changed while it was read, so nothing was imported. Try again when it is complete.</source>
        <translation>{path} 在读取期间发生了变化，因此没有导入任何内容。请等它完整后重试。</translation>
    </message>
    <message>
        <source>{path} describes a CLIP model that open_clip does not compute in this form. Get the one for open_clip, which is published with an open_clip_config.json.</source>
        <translation>{path} 描述的 CLIP 模型采用了 open_clip 无法计算的形式。请改用 open_clip 的版本，它与 open_clip_config.json 一起发布。</translation>
    </message>
    <message>
        <source>{path} holds more than weights, and loading it could run a program hidden in it, so it is refused. Get the model as a .safetensors file.</source>
        <translation>{path} 中不只有权重，加载它可能会运行其中隐藏的程序，因此已拒绝。请改用该模型的 .safetensors 文件。</translation>
    </message>
    <message>
        <source>{path} holds no weights by name, so it cannot be a CLIP model.</source>
        <translation>{path} 中没有具名的权重，因此不可能是 CLIP 模型。</translation>
    </message>
    <message>
        <source>{path} holds other things than weights under names, so it cannot be a CLIP model.</source>
        <translation>{path} 中的具名内容不是权重，因此不可能是 CLIP 模型。</translation>
    </message>
    <message>
        <source>{path} is a TorchScript archive, which is a program, not only weights; it is refused. Get the model as a .safetensors file.</source>
        <translation>{path} 是 TorchScript 文件，它是程序而不只是权重，因此已拒绝。请改用该模型的 .safetensors 文件。</translation>
    </message>
    <message>
        <source>{path} is a folder, not a file.</source>
        <translation>{path} 是文件夹，不是文件。</translation>
    </message>
    <message>
        <source>{path} is a folder; give the name of a file</source>
        <translation>{path} 是文件夹；请给出文件名</translation>
    </message>
    <message>
        <source>{path} is damaged or not whole. Get it again.</source>
        <translation>{path} 已损坏或不完整。请重新获取。</translation>
    </message>
    <message>
        <source>{path} is damaged, or was not written by this program. Get it again.</source>
        <translation>{path} 已损坏，或不是由本程序写入的。请重新获取。</translation>
    </message>
    <message>
        <source>{path} is damaged: it does not describe a CLIP model.</source>
        <translation>{path} 已损坏：它描述的不是 CLIP 模型。</translation>
    </message>
    <message>
        <source>{path} is damaged: its checksum is wrong. Delete it and get it again.</source>
        <translation>{path} 已损坏：校验和不符。请删除后重新获取。</translation>
    </message>
    <message>
        <source>{path} is damaged: its table of contents cannot be read. Get it again.</source>
        <translation>{path} 已损坏：无法读取其目录。请重新获取。</translation>
    </message>
    <message>
        <source>{path} is not a CLIP model config: it needs “embed_dim”, “vision_cfg” and “text_cfg”.</source>
        <translation>{path} 不是 CLIP 模型配置：它需要“embed_dim”、“vision_cfg”和“text_cfg”。</translation>
    </message>
    <message>
        <source>{path} is not a JSON file, so it cannot be a model config.</source>
        <translation>{path} 不是 JSON 文件，因此不能作为模型配置。</translation>
    </message>
    <message>
        <source>{path} is not a file but a pipe, a socket or a device.</source>
        <translation>{path} 不是文件，而是管道、套接字或设备。</translation>
    </message>
    <message>
        <source>{path} is not a source of this library. Its sources: {known}.</source>
        <translation>{path} 不是这个资料库的来源。它的来源：{known}。</translation>
    </message>
    <message>
        <source>{path} is not a weights file: {what}.</source>
        <translation>{path} 不是权重文件：{what}。</translation>
    </message>
    <message>
        <source>{path} no longer exists.</source>
        <translation>{path} 已不存在。</translation>
    </message>
    <message>
        <source>{path} is not there now; is its drive connected?</source>
        <translation>{path} 现在不在那里；它所在的磁盘连接了吗？</translation>
    </message>
    <message>
        <source>{path} is refused: it has {size} MB, and such a file has {most} MB at most.</source>
        <translation>已拒绝 {path}：它有 {size} MB，而这类文件最多 {most} MB。</translation>
    </message>
    <message>
        <source>{path} is refused: {what}.</source>
        <translation>已拒绝 {path}：{what}。</translation>
    </message>
    <message>
        <source>{percent}%</source>
        <translation>{percent}%</translation>
    </message>
    <message>
        <source>{phase}: {count} found</source>
        <translation>{phase}：已找到 {count} 个</translation>
    </message>
    <message>
        <source>{problem} (see: {command} --help)</source>
        <translation>{problem}（参见：{command} --help）</translation>
    </message>
    <message>
        <source>{problem} {advice}</source>
        <comment>two sentences</comment>
        <translation>{problem}{advice}</translation>
    </message>
    <message>
        <source>{rate} MB/s</source>
        <translation>{rate} MB/s</translation>
    </message>
    <message>
        <source>{rate} per second</source>
        <translation>每秒 {rate} 张</translation>
    </message>
    <message>
        <source>{rate} a second ({count} of 640 x 480: {prepare} s to prepare, {embed} s to embed; {load} s for the first, loading included)</source>
        <translation>每秒 {rate} 张（{count} 张 640 x 480：预处理 {prepare} 秒，计算向量 {embed} 秒；第一张 {load} 秒，含加载）</translation>
    </message>
    <message>
        <source>{results} (in groups of {number})</source>
        <translation>{results}（每 {number} 个一组）</translation>
    </message>
    <message>
        <source>{results} · {model}</source>
        <translation>{results} · {model}</translation>
    </message>
    <message>
        <source>{score} · words match</source>
        <translation>{score} · 文字匹配</translation>
    </message>
    <message>
        <source>{seconds} s of the processor for a page</source>
        <translation>每页 {seconds} 秒处理器时间</translation>
    </message>
    <message>
        <source>{sentence} Save the picture in your browser, then drop the file.</source>
        <translation>{sentence}请先在浏览器中保存图片，再拖入文件。</translation>
    </message>
    <message>
        <source>{shown} of {all} files</source>
        <translation>{shown} / {all} 个文件</translation>
    </message>
    <message>
        <source>{side} pixels</source>
        <translation>{side} 像素</translation>
    </message>
    <message>
        <source>{size} MB for a file</source>
        <translation>每个文件 {size} MB</translation>
    </message>
    <message>
        <source>{text} is not a language of this program; there are: {known}</source>
        <translation>程序没有语言 {text}；可选：{known}</translation>
    </message>
    <message>
        <source>{text} is not a number of hits; give 1 or more</source>
        <translation>{text} 不是结果数量；请给出 1 或更大的数</translation>
    </message>
    <message>
        <source>{text} is not a similarity; give a number from -1 to 1, such as 0.25</source>
        <translation>{text} 不是相似度；请给出 -1 到 1 之间的数，例如 0.25</translation>
    </message>
    <message>
        <source>{text} is not a size; give width and height, as in 1280x800</source>
        <translation>{text} 不是窗口大小；请给出宽和高，例如 1280x800</translation>
    </message>
    <message>
        <source>{what}.</source>
        <comment>a command&apos;s description</comment>
        <translation>{what}。</translation>
    </message>
    <message>
        <source>{what}: {why}</source>
        <comment>a choice and its reason</comment>
        <translation>{what}：{why}</translation>
    </message>
    <message>
        <source>{width} × {height} mm</source>
        <translation>{width} × {height} 毫米</translation>
    </message>
    <message>
        <source>{width} × {height} pixels</source>
        <translation>{width} × {height} 像素</translation>
    </message>
    <message>
        <source>“{name}” stands in it twice</source>
        <translation>其中“{name}”出现了两次</translation>
    </message>
</context>
</TS>
